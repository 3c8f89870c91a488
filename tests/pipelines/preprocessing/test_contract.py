"""What every way of preprocessing owes: one suite over all choices of `build_features`.

A new choice gets the whole suite by a line in ``CHOICES``.
"""

import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.preprocessing.build import build_features
from espalier.pipelines.preprocessing.categorical import ENCODINGS
from espalier.pipelines.preprocessing.construct import CONSTRUCTIONS
from espalier.pipelines.preprocessing.lookups import LOOKUPS
from espalier.pipelines.preprocessing.project import PROJECTIONS
from espalier.pipelines.preprocessing.scaling import SCALINGS
from espalier.pipelines.preprocessing.select import SELECTIONS
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind

DENSE = PreprocessingTraits(scaling=("standard",), encoding=("onehot",), imputation=("median",))
TREES = PreprocessingTraits()

CHOICES: dict[str, tuple[PreprocessingTraits, Mapping[str, Any]]] = {
    "trees": (TREES, {}),
    "dense": (DENSE, {}),
    "mean": (DENSE, {"imputation": "mean", "indicator": False}),
    "rare": (DENSE, {"rare_share": 0.05}),
    "cyclic": (TREES, {"cyclic": True}),
    "tfidf": (PreprocessingTraits(imputation=("median",), sparse=True), {}),
    "words": (DENSE, {"text_analyzer": "word", "text_components": 4}),
    "characters": (DENSE, {"text_analyzer": "char", "text_components": 40}),
    **{f"scaling-{name}": (DENSE, {"scaling": name}) for name in SCALINGS},
    **{f"encoding-{name}": (DENSE, {"encoding": name}) for name in ENCODINGS},
    **{f"trees-{name}": (TREES, {"encoding": name}) for name in ENCODINGS},
    **{f"construction-{name}": (DENSE, {"construction": name}) for name in CONSTRUCTIONS},
    **{f"trees-{name}": (TREES, {"construction": name}) for name in CONSTRUCTIONS[1:]},
    **{f"lookups-{name}": (DENSE, {"lookups": name}) for name in LOOKUPS},
    **{f"trees-lookups-{name}": (TREES, {"lookups": name}) for name in LOOKUPS[1:]},
    **{
        f"selection-{name}": (DENSE, {"selection": name, "selected_share": 0.3})
        for name in SELECTIONS
    },
    **{f"trees-{name}": (TREES, {"selection": name}) for name in SELECTIONS[1:]},
    **{
        f"projection-{name}": (DENSE, {"projection": name, "projected_columns": 7})
        for name in PROJECTIONS
    },
    "everything": (
        DENSE,
        {"construction": "arithmetic", "selection": "importance", "projection": "pca"},
    ),
    "all-that-is-made": (TREES, {"construction": "random", "lookups": "all", "formulas": 40}),
}
EACH = pytest.mark.parametrize(("traits", "values"), CHOICES.values(), ids=CHOICES)
Messy = Callable[..., Dataset]


def dense(matrix: Any) -> np.ndarray:
    return matrix.toarray() if sp.issparse(matrix) else matrix


def build(data: Dataset, traits: PreprocessingTraits, values: Mapping[str, Any]) -> Any:
    return build_features(values, traits, data.roles, data.shape, seed=3)


@EACH
@pytest.mark.parametrize("problem", list(ProblemKind))
def test_a_messy_table_becomes_a_matrix(
    traits: PreprocessingTraits, values: Mapping[str, Any], problem: ProblemKind, messy: Messy
) -> None:
    data, fresh = messy(problem), messy(problem, n_rows=30, seed=9)
    features = build(data, traits, values)
    learned = features.fit_transform(data.X, data.y)
    answered = features.transform(fresh.X)
    for matrix, n_rows in ((learned, 90), (answered, 30)):
        assert matrix.dtype == np.float32
        assert matrix.shape == (n_rows, features.n_features_)
        assert features.n_features_ >= 1
        assert not np.isinf(dense(matrix)).any()
        if values.get("imputation", traits.imputation[0]) != "none":
            assert np.isfinite(dense(matrix)).all()


@EACH
def test_what_training_has_not_seen(
    traits: PreprocessingTraits, values: Mapping[str, Any], messy: Messy
) -> None:
    data, fresh = messy(ProblemKind.BINARY), messy(ProblemKind.BINARY, n_rows=4)
    features = build(data, traits, values)
    features.fit(data.X, data.y)
    fresh.X.loc[0] = np.nan  # a row of nothing
    fresh.X["when"] = pd.NaT
    fresh.X.loc[1, "level"] = "never seen"
    fresh.X.loc[2, "signal"] = 1e300
    fresh.X.loc[3, "text, with [odd] name"] = "日本語 🙂"
    matrix = dense(features.transform(fresh.X))
    assert matrix.shape == (4, features.n_features_)
    assert not np.isinf(matrix).any()


@EACH
def test_is_the_same_again_and_pickles(
    traits: PreprocessingTraits, values: Mapping[str, Any], messy: Messy
) -> None:
    data = messy(ProblemKind.MULTICLASS)
    first, again = (build(data, traits, values) for _ in range(2))
    np.testing.assert_array_equal(
        dense(first.fit_transform(data.X, data.y)), dense(again.fit_transform(data.X, data.y))
    )
    copy = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(dense(first.transform(data.X)), dense(copy.transform(data.X)))


@EACH
def test_a_table_of_nothing(traits: PreprocessingTraits, values: Mapping[str, Any]) -> None:
    """No column varies, no text has a word: one constant column is left."""
    n_rows = 12
    X = pd.DataFrame(
        {
            "n": np.full(n_rows, 2.0),
            "empty": np.full(n_rows, np.nan),
            "c": np.array(["same"] * n_rows, dtype=object),
            "t": np.array([np.nan] * n_rows, dtype=object),
            "d": pd.Series([pd.NaT] * n_rows, dtype="datetime64[ns]"),
        }
    )
    kinds = [ColumnRole.NUMERIC, ColumnRole.NUMERIC, ColumnRole.CATEGORICAL]
    kinds += [ColumnRole.TEXT, ColumnRole.DATETIME]
    data = Dataset(
        X=X,
        y=np.arange(n_rows) % 2,
        problem=ProblemKind.BINARY,
        roles=dict(zip(X.columns, kinds, strict=True)),
        classes=np.array([0, 1]),
    )
    features = build(data, traits, values)
    matrix = dense(features.fit_transform(data.X, data.y))
    assert matrix.shape == (n_rows, features.n_features_)
    assert matrix.shape[1] >= 1
    assert dense(features.transform(data.X)).shape == matrix.shape
    assert np.isfinite(matrix).all()


@pytest.mark.parametrize("only", [ColumnRole.CATEGORICAL, ColumnRole.TEXT, ColumnRole.DATETIME])
@EACH
def test_columns_of_one_role_only(
    traits: PreprocessingTraits, values: Mapping[str, Any], only: ColumnRole, messy: Messy
) -> None:
    from dataclasses import replace

    data = messy(ProblemKind.REGRESSION, n_rows=40)
    names = [name for name, role in data.roles.items() if role is only]
    data = replace(data, X=data.X[names], roles=dict.fromkeys(names, only))
    features = build(data, traits, values)
    assert features.fit_transform(data.X, data.y).shape == (40, features.n_features_)
    assert features.transform(data.X[:5]).shape == (5, features.n_features_)
