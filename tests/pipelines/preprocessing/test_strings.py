"""Strings that come back: text, categories, or both."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.learners.families.catboost_family import CATBOOST
from espalier.pipelines.learners.families.extra_trees import EXTRA_TREES
from espalier.pipelines.learners.families.lightgbm_trees import LIGHTGBM
from espalier.pipelines.preprocessing.build import build_features
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.preprocessing import preprocessing_space

SHAPE = DatasetShape(
    problem=ProblemKind.BINARY,
    n_rows=300,
    n_columns=2,
    n_text=2,
    n_classes=2,
    smallest_class=150,
)
ROLES = {"firm": ColumnRole.TEXT, "note": ColumnRole.TEXT}
TABLE = pd.DataFrame(
    {
        "firm": [f"firm number {row % 60}" for row in range(300)],
        "note": [f"a note of its own {row}" for row in range(300)],
    }
)


@pytest.mark.parametrize(
    ("learner", "strings", "has_categories", "texts"),
    [
        (CATBOOST, "both", True, {"firm", "note"}),
        (CATBOOST, "categories", True, {"note"}),
        (LIGHTGBM, "both", False, {"firm", "note"}),
        (LIGHTGBM, "text", False, {"firm", "note"}),
        (EXTRA_TREES, "categories", False, {"firm", "note"}),
    ],
)
def test_a_string_column_goes_where_it_is_sent(
    learner: Learner, strings: str, has_categories: bool, texts: set[str]
) -> None:
    """Only what comes back can be a category; what does not stays text whatever is chosen.

    LightGBM's default encoding is of codes that it takes as numbers, CatBoost's is native.
    """
    features = build_features({"strings": strings}, learner.preprocessing, ROLES, SHAPE, 0)
    features.fit(TABLE, np.arange(300) % 2)
    assert bool(features.categorical_) is has_categories
    assert set(features.texts_) == texts
    assert features.transform(TABLE).shape == (300, features.n_features_)


def test_only_who_takes_strings_as_categories_may_choose() -> None:
    assert "prep_strings" in preprocessing_space(CATBOOST.preprocessing, SHAPE)
    assert "prep_strings" in preprocessing_space(LIGHTGBM.preprocessing, SHAPE)
    assert "prep_strings" not in preprocessing_space(EXTRA_TREES.preprocessing, SHAPE)


def test_the_choice_is_there_where_categories_are_codes() -> None:
    shape = replace(SHAPE, n_columns=3, n_categorical=1)
    space = SearchSpace([LIGHTGBM], shape)
    for encoding, there in {"ordinal": True, "native": True, "onehot": False}.items():
        configuration = space.complete("lightgbm", {"prep_encoding": encoding})
        assert ("prep_strings" in dict(configuration)) is there


@pytest.mark.parametrize(("learner", "n_levels"), [(CATBOOST, 401), (LIGHTGBM, 1)])
def test_who_weighs_levels_itself_keeps_those_of_a_few_rows_in_a_large_table(
    learner: Learner, n_levels: int
) -> None:
    """Half of 10,000 rows are of one level, 400 others have a dozen each: 0.2 % are 20 rows."""
    levels = ["most"] * 5_200 + [f"level {number % 400}" for number in range(4_800)]
    table = pd.DataFrame({"kind": pd.Series(levels, dtype=object)})
    shape = replace(SHAPE, n_rows=10_000, n_columns=1, n_text=0, n_categorical=1)
    features = build_features(
        {"rare_share": 0.002, "encoding": "ordinal"},
        learner.preprocessing,
        {"kind": ColumnRole.CATEGORICAL},
        shape,
        0,
    )
    features.fit(table, np.arange(10_000) % 2)
    codes = features.categorical_block_.codes_
    assert len(codes.levels_[0]) == n_levels
