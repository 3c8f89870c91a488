"""A portable search tries only what can be exported, and its models are."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.automl.estimators import AutoMLClassifier, AutoMLRegressor
from espalier.pipelines.errors import UserError
from espalier.pipelines.export.portable import portable_learners
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.space.joint import SearchSpace
from tests.pipelines.conftest import make_messy
from tests.pipelines.export.models import raw_table, signal


def test_the_space_has_only_what_can_be_exported():
    dataset = make_messy(ProblemKind.BINARY)
    learners = portable_learners(list(LEARNERS.values()), dataset, "onnx")
    space = SearchSpace(learners, dataset.shape)
    assert "knn" not in space.families
    for configuration in space.sample(200, np.random.default_rng(0)):
        assert configuration.get("prep_projection", "none") == "none"
        assert "prep_text_analyzer" not in configuration
        assert "prep_lookups" not in configuration


def test_categories_of_catboost_are_codes_in_c_only():
    dataset = make_messy(ProblemKind.BINARY)
    roles = {name: role for name, role in dataset.roles.items() if not name.startswith("text")}
    dataset = replace(dataset, X=dataset.X[list(roles)], roles=roles)
    for form, encodings in (
        ("c", ("ordinal", "onehot")),
        ("onnx", ("native", "ordinal", "onehot")),
    ):
        (learner,) = portable_learners([LEARNERS["catboost"]], dataset, form)
        assert learner.preprocessing.encoding == encodings


def test_landmarks_of_a_kernel_are_left_out():
    several = make_messy(ProblemKind.MULTICLASS)
    names = [each.name for each in portable_learners([*LEARNERS.values()], several, "onnx")]
    assert "svm" not in names


def test_text_columns_are_refused_for_c():
    with pytest.raises(UserError, match=r"'text, with \[odd\] name' hold text.*--exclude"):
        portable_learners([LEARNERS["linear"]], make_messy(ProblemKind.BINARY), "c")


def test_families_that_cannot_be_exported_are_refused_before_the_search():
    X = raw_table(text=False)
    model = AutoMLRegressor(n_trials=1, time_budget=None, families=["knn"], portable="onnx")
    with pytest.raises(UserError, match="none of the families knn can be exported"):
        model.fit(X, signal(X))
    with pytest.raises(UserError, match="unknown portable format 'pmml'"):
        AutoMLRegressor(portable="pmml").fit(X, signal(X))


def test_a_search_that_is_continued_must_be_as_portable():
    asked = {"data": "a.csv", "target": "y"}
    plain = TrainRequest.parse(asked)
    assert "portable" not in plain.essentials
    assert TrainRequest.parse({**asked, "portable": "onnx"}).digest != plain.digest
    assert TrainRequest.parse({**asked, "portable": ""}).portable is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_a_whole_search_on_a_mixed_table_exports(tmp_path, kind):
    X = raw_table(200)
    y = signal(X)
    estimator = AutoMLRegressor if kind == "regression" else AutoMLClassifier
    if kind == "binary":
        y = np.where(y > 0.7, "yes", "no")
    elif kind == "multiclass":
        y = np.asarray(pd.qcut(y, 3, labels=["low", "middle", "high"]).astype(str))
    model = estimator(
        time_budget=None, n_trials=8, portable="onnx", random_state=0, n_jobs=1, n_folds=2
    )
    made = model.fit(X, y).export(tmp_path / "model.onnx", X=raw_table(100, seed=3))
    assert made.agreement is not None
    assert made.agreement.holds
