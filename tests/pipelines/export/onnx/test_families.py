"""Every family's ONNX form answers as the family does, with each preprocessing choice."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.families.catboost_categories import hash_of_code
from espalier.pipelines.export.portable import portable_learners
from espalier.pipelines.learners.light.low_rank import low_rank
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from tests.pipelines.conftest import make_messy
from tests.pipelines.export.candidates import (
    as_read,
    covering,
    difference,
    fitted,
    onnx_scores,
    short,
)

EXPORTED = [name for name in LEARNERS if name != "knn"]
TREES = ["lightgbm", "xgboost", "catboost", "random_forest", "extra_trees"]
# Few rounds: it is not the score that is looked at.
QUICK = {
    "lightgbm": {"num_leaves": 8},
    "mlp": {"width": 16, "depth": 2},
    "realmlp": {"width": 48, "depth": 2, "epochs": 16},
    "catboost": {"depth": 4, "prep_encoding": "ordinal"},
}
WORDS = {"prep_text_analyzer": "word"}
CHOICES = [
    ("linear", {"prep_text": "svd", "prep_text_components": 5}),
    ("linear", {"prep_text": "svd", "prep_scaling": "power", "prep_projection": "pca"}),
    ("linear", {"prep_text": "svd", "prep_projection": "kernel", "prep_projected_columns": 10}),
    ("linear", {"prep_encoding": "target", "prep_imputation": "mean"}),
    ("linear", {"prep_scaling": "robust", "prep_indicator": False, "prep_cyclic": False}),
    ("linear", {"prep_scaling": "quantile", "prep_construction": "arithmetic"}),
    ("linear", {"prep_scaling": "standard", "prep_construction": "ratios"}),
    ("linear", {"penalty": "elasticnet", "strength": 1e-3, "l1_ratio": 0.5}),
    ("linear", {"penalty": "l2", "strength": 1e-3}),
    ("mlp", {"prep_scaling": "both", "prep_selection": "information"}),
    ("mlp", {"prep_encoding": "target", "prep_scaling": "quantile"}),
    ("bayes", {"covariance": "own", "prep_scaling": "power"}),
    ("bayes", {"covariance": "diagonal", "prep_encoding": "target"}),
    ("svm", {"prep_scaling": "robust", "prep_selection": "correlation"}),
    ("lightgbm", {"prep_encoding": "native", "prep_strings": "both"}),
    ("lightgbm", {"prep_encoding": "native", "max_cat_to_onehot": 50, "cat_smooth": 0.01}),
    ("lightgbm", {"prep_encoding": "native", "min_data_per_group": 2, "cat_l2": 0.01}),
    ("lightgbm", {"extra_trees": True}),
    ("lightgbm", {"prep_encoding": "target", "prep_selection": "importance"}),
    ("lightgbm", {"prep_encoding": "onehot", "prep_text_words": 0}),
    ("xgboost", {"prep_encoding": "native", "prep_construction": "arithmetic"}),
    ("xgboost", {"prep_encoding": "target", "prep_text_means": False}),
    ("lightgbm", {"prep_construction": "random", "prep_formulas": 200}),
    ("lightgbm", {"prep_construction": "random", "prep_formulas": 60, "extra_trees": True}),
    ("catboost", {"prep_encoding": "onehot", "prep_text_means": True}),
    ("catboost", {"prep_strings": "categories"}),
    ("catboost", {"prep_encoding": "native", "max_ctr_complexity": 3}),
    ("catboost", {"prep_encoding": "native", "one_hot_max_size": 100}),
    ("catboost", {"prep_encoding": "native", "one_hot_max_size": 4, "max_ctr_complexity": 4}),
    ("catboost", {"prep_encoding": "native", "score_function": "L2"}),
    ("catboost", {"prep_encoding": "native", "prep_strings": "categories"}),
    ("random_forest", {"prep_encoding": "target", "prep_text_means": True}),
    ("extra_trees", {"prep_encoding": "onehot", "prep_construction": "ratios"}),
    ("realmlp", {"prep_encoding": "onehot", "prep_scaling": "quantile"}),
    ("ebm", {"prep_encoding": "native", "pairs": 2.0, "prep_strings": "categories"}),
    ("ebm", {"prep_encoding": "target", "pairs": 0.0, "prep_text_means": True}),
    ("ebm", {"prep_encoding": "onehot", "prep_construction": "arithmetic"}),
]


def compare(family, problem, choices=(), objective=None, n_rows=90):
    """Return the larger difference on the training rows and on new ones."""
    dataset = as_read(make_messy(problem, n_rows))
    learner = LEARNERS[family]
    space = SearchSpace([learner], dataset.shape, ("metric",) if objective else ())
    configuration = space.complete(family, WORDS | QUICK.get(family, {}) | dict(choices))
    settings = () if objective is None else (objective,)
    candidate = fitted(learner, configuration, dataset, *settings)
    new = as_read(make_messy(problem, n_rows, seed=1)).X
    return max(difference(candidate, dataset.X), difference(candidate, new))


@pytest.mark.parametrize("problem", list(ProblemKind))
@pytest.mark.parametrize("family", EXPORTED)
def test_every_family_answers_the_same_in_onnx(family, problem):
    if problem not in LEARNERS[family].problems:
        pytest.skip("no family for such problems")
    assert compare(family, problem) < 1e-5


@pytest.mark.parametrize("family", TREES[2:])
def test_trees_take_the_same_branches_to_the_last_bit(family):
    assert compare(family, ProblemKind.BINARY) == 0.0


@pytest.mark.parametrize(("family", "choices"), CHOICES)
def test_every_preprocessing_choice_is_exported(family, choices):
    assert compare(family, ProblemKind.BINARY, choices) < 1e-5


@pytest.mark.parametrize("metric", ["mae", "poisson_deviance", "gamma_deviance", "rmsle"])
@pytest.mark.parametrize("family", ["lightgbm", "xgboost", "catboost", "linear", "mlp"])
def test_every_objective_is_exported(family, metric):
    assert compare(family, ProblemKind.REGRESSION, objective=METRICS[metric].objective) < 1e-5


@pytest.mark.parametrize("family", ["random_forest", "extra_trees"])
def test_quantiles_of_leaves_are_exported(family):
    objective = METRICS["mae"].objective
    assert compare(family, ProblemKind.REGRESSION, objective=objective) < 1e-5


@pytest.mark.parametrize("problem", list(ProblemKind))
def test_a_network_whose_matrices_became_thinner_is_exported(problem):
    dataset = as_read(make_messy(problem, 90))
    learner = LEARNERS["mlp"]
    choices = {"width": 64, "depth": 3, **WORDS}
    configuration = SearchSpace([learner], dataset.shape).complete("mlp", choices)
    candidate = fitted(learner, configuration, dataset)
    matrix = candidate.features_.transform(dataset.X)
    low_rank(candidate.model_, 0.2, matrix)
    assert candidate.model_.network_.straight
    assert difference(candidate, dataset.X) < 1e-5


@pytest.mark.parametrize("problem", list(ProblemKind))
def test_combined_categories_of_catboost_are_the_same_to_the_last_bit(problem):
    dataset, new = (_with_categories(make_messy(problem, seed=seed), seed) for seed in (0, 1))
    learner = LEARNERS["catboost"]
    choices = {"prep_encoding": "native", "max_ctr_complexity": 3, "depth": 4, **WORDS}
    configuration = SearchSpace([learner], dataset.shape).complete("catboost", choices)
    candidate = fitted(learner, configuration, dataset)
    assert difference(candidate, dataset.X) < 1e-7
    assert difference(candidate, new.X) < 1e-7


def _with_categories(dataset, seed):
    """Return a table with three more categorical columns, of 15, 2 and 4 levels."""
    rng, dataset = np.random.default_rng(seed), as_read(dataset)
    X, roles = dataset.X.copy(), dict(dataset.roles)
    for name, n_levels in (("many", 15), ("two", 2), ("four", 4)):
        levels = [f"{name} {each}" for each in range(n_levels)]
        X[name] = pd.Series(rng.choice(levels, len(X)), dtype=object)
        roles[name] = roles["level"]
    return dataclasses.replace(dataset, X=X, roles=roles)


def test_hashes_of_codes_are_catboosts():
    # From the script that CatBoost 1.2.10 writes of a model.
    told = {0: -1438285038, 1: 1121341681, 2: -1284790409, 3: 593172586, 4: -78686594}
    assert {code: hash_of_code(code) for code in told} == told


def test_levels_that_training_never_saw_are_answered_as_the_model_answers_them():
    dataset = as_read(make_messy(ProblemKind.BINARY))
    learner = LEARNERS["lightgbm"]
    for encoding in learner.preprocessing.encoding:
        space = SearchSpace([learner], dataset.shape)
        choices = {"prep_encoding": encoding, **WORDS}
        candidate = fitted(learner, space.complete("lightgbm", choices), dataset)
        rows = dataset.X.head(4).copy()
        rows["level"] = np.array(["never seen", np.nan, "high", "'; drop table"], dtype=object)
        assert difference(candidate, rows) < 1e-6


def test_blanks_and_spellings_of_missing_cells_do_not_count():
    dataset = as_read(make_messy(ProblemKind.BINARY))
    learner = LEARNERS["extra_trees"]
    space = SearchSpace([learner], dataset.shape)
    candidate = fitted(learner, space.complete("extra_trees", WORDS), dataset)
    read = dataset.X.head(4).copy()
    read["level"] = np.array(["high", np.nan, np.nan, "low"], dtype=object)
    raw = read.copy()
    raw["level"] = np.array([" high", "nan", " ", "low\n"], dtype=object)
    np.testing.assert_array_equal(candidate.predict_scores(read), onnx_scores(candidate, raw))


def test_what_has_no_form_in_onnx_is_named():
    with pytest.raises(CannotExportError, match=r"Neighbours.*--portable onnx"):
        compare("knn", ProblemKind.BINARY)
    with pytest.raises(CannotExportError, match="character n-grams of text column 'text, with"):
        compare("linear", ProblemKind.BINARY, {"prep_text_analyzer": "char"})
    with pytest.raises(CannotExportError, match="looked up by combinations of cells"):
        compare("lightgbm", ProblemKind.BINARY, {"prep_lookups": "all"})


@pytest.mark.parametrize("problem", list(ProblemKind))
def test_random_configurations_of_a_portable_search_are_exported(problem):
    dataset = as_read(make_messy(problem))
    learners = portable_learners(
        [each for each in LEARNERS.values() if problem in each.problems], dataset, "onnx"
    )
    by_name = {each.name: each for each in learners}
    rng = np.random.default_rng(5)
    new = as_read(make_messy(problem, seed=1)).X
    for configuration in SearchSpace(learners, dataset.shape).sample(12, rng):
        quick = {**dict(configuration), **short(configuration)}
        configuration = dataclasses.replace(configuration, items_=tuple(sorted(quick.items())))
        candidate = fitted(by_name[configuration.family], configuration, dataset)
        assert difference(candidate, dataset.X) < 1e-5, configuration
        assert difference(candidate, new) < 1e-5, configuration


@pytest.mark.slow
@pytest.mark.parametrize("problem", [ProblemKind.BINARY, ProblemKind.REGRESSION])
@pytest.mark.parametrize("family", list(LEARNERS))
def test_each_value_of_each_preprocessing_choice_of_each_family_is_exported_or_refused(
    family, problem
):
    if problem not in LEARNERS[family].problems:
        pytest.skip("no family for such problems")
    dataset = as_read(make_messy(problem))
    new = as_read(make_messy(problem, seed=1)).X
    if family not in EXPORTED:
        with pytest.raises(UserError, match=f"none of the families {family} can be exported"):
            portable_learners([LEARNERS[family]], dataset, "onnx")
        return
    (learner,) = portable_learners([LEARNERS[family]], dataset, "onnx")
    for configuration in covering(SearchSpace([learner], dataset.shape)):
        candidate = fitted(learner, configuration, dataset)
        assert difference(candidate, dataset.X) < 1e-5, configuration
        assert difference(candidate, new) < 1e-5, configuration
