"""Pictures and texts of a table in a few numbers."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.metafeatures.contents import MEANINGS, contents
from espalier.pipelines.problem import ProblemKind


def _dataset(y, vectors, texts=None, problem=ProblemKind.BINARY):
    cells = np.empty(len(y), dtype=object)
    cells[:] = list(vectors.astype(np.float16))
    columns, roles = {"photo": cells}, {"photo": ColumnRole.IMAGE}
    if texts is not None:
        columns["said"], roles["said"] = texts, ColumnRole.TEXT
    classes = None if problem is ProblemKind.REGRESSION else np.array(["a", "b"])
    return Dataset(X=pd.DataFrame(columns), y=y, problem=problem, roles=roles, classes=classes)


@pytest.mark.parametrize("problem", [ProblemKind.BINARY, ProblemKind.REGRESSION])
def test_pictures_that_tell_the_target_agree(problem):
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2 if problem is ProblemKind.BINARY else rng.normal(size=200)
    noise = rng.normal(size=(200, 30))
    telling = 0.2 * noise + np.outer(y, rng.normal(size=30)) * 5
    assert contents(_dataset(y, telling, problem=problem), seed=0)["picture_agreement"] > 0.7
    assert contents(_dataset(y, noise, problem=problem), seed=0)["picture_agreement"] < 0.25


def test_every_number_has_a_meaning_and_texts_are_counted():
    y = np.arange(60) % 2
    texts = np.array(["one two three", "one two"] * 30, dtype=object)
    vectors = np.random.default_rng(1).normal(size=(60, 8))
    data = _dataset(y, vectors, texts)
    data.X.loc[:5, "photo"] = np.nan
    found = contents(data, seed=0)
    assert set(found) <= set(MEANINGS)
    assert found["words_per_text"] == 2.5
    assert found["distinct_words"] == pytest.approx(3 / 150)
    assert found["share_without_picture"] == pytest.approx(0.1)
    assert found["log_rows_of_rarest_class"] == pytest.approx(np.log10(30))


def test_a_table_of_numbers_has_none():
    X = pd.DataFrame({"a": np.arange(20.0)})
    data = Dataset(
        X=X,
        y=np.arange(20) % 2,
        problem=ProblemKind.BINARY,
        roles={"a": ColumnRole.NUMERIC},
        classes=np.array(["a", "b"]),
    )
    assert contents(data, seed=0) == {}
