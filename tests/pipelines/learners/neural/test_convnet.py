"""The family of convolutional networks: its space, its costs, and its models."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import Dataset, DatasetShape
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.errors import UserError
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.light.counts import count_model
from espalier.pipelines.learners.neural.convnet_family import (
    CONVNET,
    cost_of,
    design_of,
    expected_mb,
    expected_seconds,
    recipe_of,
)
from espalier.pipelines.learners.registry import (
    choose_learners,
    reads_pixels_alone,
    uses_networks,
)
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from tests.contracts.network_suite import NetworkSuite
from tests.deep import need_torch
from tests.pipelines.architectures.examples import bright_or_dark

ROLES = {"size": ColumnRole.NUMERIC, "pixels of path": ColumnRole.PIXELS}
SMALL = {"width": 8, "stages": 2, "epochs": 6, "learning_rate": 0.01, "distortion": 0.0}


def table(problem: ProblemKind, n: int = 60, seed: int = 0) -> Dataset:
    """Return rows with a number of no use, and pictures that tell the target."""
    examples = bright_or_dark(n, 16, seed=seed)
    codes = examples.target.argmax(axis=1)
    cells = np.empty(n, dtype=object)
    for row in range(n):
        cells[row] = examples.pixels[row].ravel()
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"size": rng.normal(size=n), "pixels of path": cells})
    if problem is ProblemKind.REGRESSION:
        return Dataset(X=X, y=100.0 + 10 * codes, problem=problem, roles=ROLES)
    n_classes = 2 if problem is ProblemKind.BINARY else 3
    y = codes if n_classes == 2 else np.where(np.arange(n) < 6, 2, codes)
    return Dataset(X=X, y=y, problem=problem, roles=ROLES, classes=np.arange(n_classes))


def candidate(data: Dataset, **values) -> Candidate:
    space = SearchSpace([CONVNET], data.shape)
    configuration = space.complete("convnet", SMALL | values)
    return Candidate(configuration, CONVNET, data.roles, data.shape, 1)


@pytest.fixture(scope="module")
def binary():
    need_torch()
    data = table(ProblemKind.BINARY)
    return data, candidate(data).fit(data.X, data.y)


def test_a_missing_picture_is_answered(binary):
    data, fitted = binary
    X = data.X.head(3).copy()
    X["pixels of path"] = np.nan
    assert np.isfinite(fitted.predict_scores(X)).all()


def test_a_child_goes_on_where_its_parent_was(binary):
    data, parent = binary
    child = candidate(data, epochs=5, dropout=0.0).fit(data.X, data.y, parent=parent)
    alone = candidate(data, epochs=5, dropout=0.0).fit(data.X, data.y)
    assert child.model_.losses_[0] < alone.model_.losses_[0]
    assert len(child.model_.losses_) == 3  # a child needs fewer epochs
    assert child.n_iterations_ > parent.n_iterations_  # those of its parent count
    other = candidate(data, epochs=5, width=16).fit(data.X, data.y, parent=parent)
    assert len(other.model_.losses_) == 5
    assert other.n_iterations_ <= 5


def test_every_drawn_network_can_be_built_and_counted():
    data = table(ProblemKind.BINARY)
    space = SearchSpace([CONVNET], data.shape)
    rng = np.random.default_rng(0)
    for drawn in space.sample(60, rng):
        cost = cost_of(drawn.model_values, data.shape)
        assert cost.parameters > 0
        assert expected_seconds(drawn.model_values, data.shape) > 2
        assert expected_mb(drawn.model_values, data.shape) > 300
        assert design_of(drawn.model_values, data.shape).side <= 16
        recipe = recipe_of(drawn.model_values)
        assert 0 < recipe.rate_at(1.0) < recipe.learning_rate


def test_the_space_is_conditional():
    data = table(ProblemKind.BINARY)
    space = SearchSpace([CONVNET], data.shape)
    plain = space.complete("convnet", {"block": "plain", "optimiser": "sgd", "mixes": False})
    assert {"expansion", "skip", "mixup", "learning_rate", "beta"} & set(plain) == set()
    assert {"sgd_learning_rate", "momentum", "nesterov"} <= set(plain)
    other = space.complete("convnet", {"block": "inverted", "optimiser": "adam", "mixes": True})
    assert {"expansion", "skip", "mixup", "learning_rate", "beta"} <= set(other)
    assert "weight_decay" not in other
    # Nothing of the table's other columns matters to a network on pictures.
    assert not any(name.startswith("prep_") for name in other)


def test_a_network_of_twice_the_width_costs_more():
    shape = table(ProblemKind.BINARY).shape
    space = SearchSpace([CONVNET], shape)
    narrow, wide = (space.complete("convnet", {"width": n}).model_values for n in (16, 32))
    assert cost_of(wide, shape).operations > 3 * cost_of(narrow, shape).operations
    assert expected_seconds(wide, shape) > expected_seconds(narrow, shape)
    assert expected_mb(wide, shape) > expected_mb(narrow, shape)


PICTURES = DatasetShape(
    problem=ProblemKind.BINARY,
    n_rows=100,
    n_columns=2,
    n_classes=2,
    smallest_class=40,
    n_vectors=1,
    vector_width=3008,
    n_pixels=1,
    pixel_side=32,
)
TABLE = DatasetShape(
    problem=ProblemKind.BINARY, n_rows=100, n_columns=2, n_classes=2, smallest_class=40
)


class TestAsAFamily(NetworkSuite):
    family = CONVNET
    table = staticmethod(table)
    candidate = staticmethod(candidate)
    small = SMALL
    slow: ClassVar = {"epochs": 120}
    shape = PICTURES
    unread = TABLE  # pixels are read where PyTorch is installed
    rows = np.zeros((2, 1, 8, 8, 3), dtype=np.uint8)
    least_right = 0.9


def test_a_search_has_networks_where_there_are_pixels():
    assert "convnet" in [each.name for each in choose_learners(None, PICTURES)]
    assert "convnet" not in [each.name for each in choose_learners(None, TABLE)]
    assert PICTURES.n_numeric == 0


def test_parameters_are_known_before_training(binary):
    data, fitted = binary
    values = fitted.configuration.model_values
    assert count_model(fitted.model_).parameters == cost_of(values, data.shape).parameters


def test_who_names_other_families_wants_no_pixels():
    assert uses_networks(None)
    assert uses_networks(["linear", "convnet"])
    assert not uses_networks(["linear"])
    assert not uses_networks(None, interpretable=True)


def test_pixels_are_all_that_networks_on_pictures_read():
    assert reads_pixels_alone(["convnet"])
    assert reads_pixels_alone([CONVNET])
    for others in (None, [], ["linear", "convnet"], ["textnet"], ["convnet", "no such family"]):
        assert not reads_pixels_alone(others)


def test_a_network_without_pictures_or_time_is_refused_in_a_line():
    need_torch()
    with pytest.raises(UserError, match="needs a column of them, and a time budget"):
        choose_learners(["convnet"], TABLE)
