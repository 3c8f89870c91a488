"""The family of networks on texts: its space, its costs, and its models."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.architectures.tokens.design import VECTORS
from espalier.pipelines.data.dataset import Dataset, DatasetShape
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.errors import UserError
from espalier.pipelines.learners.base.learner import BuildContext
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.light.counts import count_model
from espalier.pipelines.learners.neural.textnet_family import (
    TEXTNET,
    cost_of,
    expected_mb,
    expected_seconds,
)
from espalier.pipelines.learners.registry import choose_learners, uses_networks
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from tests.contracts.network_suite import NetworkSuite
from tests.deep import need_torch

ROLES = {"size": ColumnRole.NUMERIC, "title": ColumnRole.TEXT, "review": ColumnRole.TEXT}
SMALL = {"width": 32, "channels": 16, "epochs": 8, "batch_size": 8, "blanked": 0.0, "dropout": 0.2}
GOOD = ("lovely", "kind", "bright", "cheerful", "warm")
BAD = ("broken", "rude", "dark", "dismal", "cold")
OTHER = ("the", "room", "was", "a", "place", "with", "service", "food", "walls", "and", "it")


def sentences(codes, rng) -> list[str]:
    """Return texts with a word that tells the class among words that tell nothing."""
    made = []
    for code in codes:
        words = list(rng.choice(OTHER, rng.integers(3, 9)))
        words.insert(rng.integers(len(words)), rng.choice((BAD, GOOD)[code % 2]))
        made.append(" ".join(words))
    return made


def table(problem: ProblemKind, n: int = 80, seed: int = 0) -> Dataset:
    """Return rows whose reviews tell the target; some have none, and titles tell it instead."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 2
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "title": pd.Series(sentences(codes, rng), dtype=object),
            "review": pd.Series(sentences(codes, rng), dtype=object),
        }
    )
    X.loc[4:9, "review"] = np.nan
    X.loc[10:14, "title"] = np.nan
    X.loc[15, "title"] = "?!"
    if problem is ProblemKind.REGRESSION:
        return Dataset(X=X, y=100.0 + 10 * codes, problem=problem, roles=ROLES)
    n_classes = 2 if problem is ProblemKind.BINARY else 3
    y = codes if n_classes == 2 else np.where(np.arange(n) < 6, 2, codes)
    return Dataset(X=X, y=y, problem=problem, roles=ROLES, classes=np.arange(n_classes))


def candidate(data: Dataset, **values) -> Candidate:
    space = SearchSpace([TEXTNET], data.shape)
    configuration = space.complete("textnet", SMALL | values)
    return Candidate(configuration, TEXTNET, data.roles, data.shape, 1)


@pytest.fixture(scope="module")
def binary():
    need_torch()
    data = table(ProblemKind.BINARY)
    return data, candidate(data).fit(data.X, data.y)


def right(fitted: Candidate, seed: int = 1) -> float:
    fresh = table(ProblemKind.BINARY, 60, seed=seed)
    return float((fitted.predict_scores(fresh.X).argmax(axis=1) == fresh.y).mean())


def test_every_column_of_texts_is_read(binary):
    _data, fitted = binary
    assert fitted.model_.network_.n_columns == 2


@pytest.mark.parametrize(
    "values",
    [
        {"block": "ngrams", "vectors": "own", "pooling": "mean", "learning_rate": 0.02},
        {"block": "ngrams", "vectors": "frozen", "pooling": "attention", "learning_rate": 0.02},
        {"block": "recurrent", "learning_rate": 0.01},
    ],
    ids=lambda each: f"{each['block']}-{each.get('vectors', 'tuned')}",
)
def test_every_kind_of_block_learns(values):
    need_torch()
    data = table(ProblemKind.BINARY)
    assert right(candidate(data, **values).fit(data.X, data.y)) > 0.8


def test_the_same_seed_gives_the_same_network(binary):
    data, fitted = binary
    again = candidate(data).fit(data.X, data.y)
    assert again.model_.stored_.digest == fitted.model_.stored_.digest


def test_rows_without_texts_and_unknown_words_are_answered(binary):
    data, fitted = binary
    X = data.X.head(4).copy()
    X.loc[:2, ["title", "review"]] = None
    X["review"] = pd.Series([np.nan, "", "   ", "zyx☃ qwv " * 500], dtype=object)
    scores = fitted.predict_scores(X)
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(scores[0], scores[1])  # an empty text is as good as none
    np.testing.assert_array_equal(scores[0], scores[2])


@pytest.mark.parametrize("vectors", VECTORS)
def test_a_table_whose_training_rows_have_no_text_at_all_is_learned(vectors):
    need_torch()
    data = table(ProblemKind.BINARY, 30)
    X = data.X.assign(title=np.nan, review=np.nan).astype({"title": object, "review": object})
    fitted = candidate(data, epochs=3, vectors=vectors).fit(X, data.y)
    scores = fitted.predict_scores(data.X)
    assert np.isfinite(scores).all()


def test_parameters_are_guessed_before_training(binary):
    data, fitted = binary
    values = fitted.configuration.model_values
    counted = count_model(fitted.model_)
    guess = cost_of(values, data.shape).parameters
    assert 0.5 < counted.parameters / guess < 2  # how many words there are is a guess


def test_every_drawn_network_can_be_built_and_counted():
    data = table(ProblemKind.BINARY)
    space = SearchSpace([TEXTNET], data.shape)
    for drawn in space.sample(60, np.random.default_rng(0)):
        values = drawn.model_values
        assert cost_of(values, data.shape).parameters > 0
        assert expected_seconds(values, data.shape) > 2
        assert expected_mb(values, data.shape) > 300
        model = TEXTNET.build(values, BuildContext(shape=data.shape, seed=0))
        assert model.design.network(2, n_columns=2).n_outputs == 2
        np.testing.assert_allclose(
            space.encode([space.decode(space.encode([drawn])[0])]), space.encode([drawn]), atol=1e-6
        )


def test_the_space_is_conditional():
    data = table(ProblemKind.BINARY)
    space = SearchSpace([TEXTNET], data.shape)
    plain = space.complete("textnet", {"block": "ngrams", "optimiser": "sgd"})
    assert {"kernel", "windows", "depth", "channels", "learning_rate"} & set(plain) == set()
    assert {"has_pairs", "pairs", "sgd_learning_rate", "momentum"} <= set(plain)
    other = space.complete("textnet", {"block": "recurrent"})
    assert {"depth", "channels", "skip", "learning_rate"} <= set(other)
    assert {"pairs", "kernel"} & set(other) == set()
    assert not any(name.startswith("prep_") for name in other)


TEXTS = DatasetShape(
    problem=ProblemKind.BINARY, n_rows=100, n_columns=1, n_text=1, n_classes=2, smallest_class=40
)
NUMBERS = DatasetShape(
    problem=ProblemKind.BINARY, n_rows=100, n_columns=2, n_classes=2, smallest_class=40
)


class TestAsAFamily(NetworkSuite):
    family = TEXTNET
    table = staticmethod(table)
    candidate = staticmethod(candidate)
    small = SMALL
    slow: ClassVar = {"epochs": 60, "channels": 256}
    shape = TEXTS
    unread = TEXTS
    rows = np.zeros((2, 1, 8), dtype=np.uint16)
    least_right = 0.85


def test_texts_are_trained_on_where_the_family_is_named():
    need_torch()
    assert "textnet" not in [each.name for each in choose_learners(None, TEXTS)]
    assert [each.name for each in choose_learners(["textnet"], TEXTS)] == ["textnet"]
    assert not uses_networks(["textnet"])  # no pixels are needed for it


def test_a_network_without_texts_is_refused_in_a_line():
    need_torch()
    with pytest.raises(UserError, match="trained on texts, and no column of this table holds any"):
        choose_learners(["textnet"], NUMBERS)
