import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from espalier.pipelines.errors import UserError
from espalier.pipelines.metrics.catalogue import METRICS, get_metric
from espalier.pipelines.metrics.functions import roc_auc_ovo
from espalier.pipelines.metrics.scoring import (
    answer_floor,
    check_percentages,
    check_target,
    score_predictions,
)
from espalier.pipelines.problem import ProblemKind

BINARY, MULTICLASS, REGRESSION = (
    ProblemKind.BINARY,
    ProblemKind.MULTICLASS,
    ProblemKind.REGRESSION,
)


def toy(problem, n_rows=60, seed=0):
    """Return a target and predictions that are neither perfect nor random."""
    rng = np.random.default_rng(seed)
    if problem is REGRESSION:
        y = rng.gamma(2.0, size=n_rows) + 0.1
        return y, np.abs(y + rng.normal(scale=0.5, size=n_rows)).astype(np.float32)
    n_classes = 2 if problem is BINARY else 4
    y = np.arange(n_rows) % n_classes
    logits = rng.normal(size=(n_rows, n_classes)) + np.eye(n_classes)[y]
    p = np.exp(logits)
    return y, (p / p.sum(axis=1, keepdims=True)).astype(np.float32)


def perfect(problem, y):
    return y.copy() if problem is REGRESSION else np.eye(y.max() + 1, dtype=np.float32)[y]


CASES = [(name, problem) for name, metric in METRICS.items() for problem in sorted(metric.problems)]


@pytest.mark.parametrize(("name", "problem"), CASES)
class TestEveryMetric:
    def test_perfect_predictions_beat_others_in_the_declared_direction(self, name, problem):
        metric = METRICS[name]
        y, predictions = toy(problem)
        best = score_predictions(metric, y, perfect(problem, y))
        assert metric.sign * best > metric.sign * score_predictions(metric, y, predictions)

    def test_equal_weights_change_nothing_and_unequal_ones_something(self, name, problem):
        metric = METRICS[name]
        y, predictions = toy(problem)
        plain = score_predictions(metric, y, predictions)
        assert score_predictions(metric, y, predictions, np.full(len(y), 2.0)) == pytest.approx(
            plain, rel=0.05 if "likelihood" in name else 1e-6
        )
        weight = np.where(np.arange(len(y)) < 30, 1.0, 0.0)
        half = score_predictions(metric, y[:30], predictions[:30])
        assert score_predictions(metric, y, predictions, weight) == pytest.approx(half)

    def test_it_stays_finite_where_folds_are_odd(self, name, problem):
        metric = METRICS[name]
        y, predictions = toy(problem)
        for rows in (y == y[0], np.arange(len(y)) < 2, np.arange(len(y)) < 1):
            assert np.isfinite(score_predictions(metric, y[rows], predictions[rows]))
        assert np.isfinite(score_predictions(metric, y, predictions, np.zeros(len(y))))
        certain = 1 - perfect(problem, y) if problem is not REGRESSION else np.zeros(len(y))
        assert np.isfinite(score_predictions(metric, y, certain.astype(np.float32)))

    def test_it_pickles(self, name, problem):
        metric = pickle.loads(pickle.dumps(METRICS[name]))
        y, predictions = toy(problem)
        assert score_predictions(metric, y, predictions) == score_predictions(
            METRICS[name], y, predictions
        )


# Every one of scikit-learn's scorers for supervised problems that can fit, except those for
# several labels a row.
SCORERS = [
    name
    for name in sk.get_scorer_names()
    if not name.endswith(("_samples", "rand_score", "info_score"))
    and name
    not in ("completeness_score", "fowlkes_mallows_score", "homogeneity_score", "v_measure_score")
]


class _Known:
    """An estimator whose answers are given."""

    def __init__(self, problem, predictions):
        self.predictions = predictions
        self._estimator_type = "regressor" if problem is REGRESSION else "classifier"
        if problem is not REGRESSION:
            self.classes_ = np.arange(predictions.shape[1])

    def fit(self, X, y):
        return self

    def predict(self, X):
        p = self.predictions
        return p if p.ndim == 1 else p.argmax(axis=1)

    def predict_proba(self, X):
        return self.predictions

    def __sklearn_tags__(self):
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=self._estimator_type, target_tags=TargetTags(required=True))


@pytest.mark.parametrize("scorer", SCORERS)
def test_scikit_learns_scorers_are_known_and_agree(scorer):
    checked = 0
    for problem in ProblemKind:
        try:
            metric = get_metric(scorer, problem, 4 if problem is MULTICLASS else 2)
        except UserError:
            continue
        y, predictions = toy(problem, n_rows=600)
        own = score_predictions(metric, y, predictions)
        try:
            theirs = sk.get_scorer(scorer)(_Known(problem, predictions), y[:, None], y)
        except ValueError:
            continue  # ours goes further, such as roc_auc for many classes
        if "likelihood" in scorer:  # ours adds half a row to each cell
            assert own == pytest.approx(abs(theirs), rel=0.1)
        else:
            assert own == pytest.approx(theirs * (-1 if scorer.startswith("neg_") else 1), rel=1e-5)
        checked += 1
    assert checked


def test_each_problem_has_a_default():
    assert get_metric(None, BINARY, 2).name == "roc_auc"
    assert get_metric(None, MULTICLASS, 3).name == "log_loss"
    assert get_metric(None, REGRESSION).name == "rmse"
    assert get_metric(METRICS["mae"], REGRESSION) is METRICS["mae"]


def test_an_unknown_metric_is_refused_with_the_nearest_name_and_those_that_fit():
    with pytest.raises(UserError, match=r"unknown metric 'roc_acu'; did you mean 'roc_auc'\?") as e:
        get_metric("roc_acu", BINARY, 2)
    assert "log_loss" in str(e.value)
    assert "rmse" not in str(e.value)
    assert "\n" not in str(e.value)


def test_a_metric_for_another_problem_is_refused():
    with pytest.raises(UserError, match="'rmse' does not fit a binary problem; choose one of"):
        get_metric("rmse", BINARY, 2)
    with pytest.raises(UserError, match="'f1' does not fit a multiclass problem"):
        get_metric("f1", MULTICLASS, 3)


def test_a_quantile_is_a_metric_of_its_own():
    metric = get_metric("pinball_0.9", REGRESSION)
    y, predictions = toy(REGRESSION)
    expected = sk.mean_pinball_loss(y, predictions.astype(float), alpha=0.9)
    assert score_predictions(metric, y, predictions) == pytest.approx(expected)


def test_a_target_outside_a_metrics_range_is_refused_before_any_training():
    check_target(METRICS["rmsle"], np.array([0.0, 2.0]))
    check_target(METRICS["rmse"], np.array([-1.0, 2.0]))
    with pytest.raises(UserError, match=r"'rmsle' needs targets of at least 0, .* -1"):
        check_target(METRICS["rmsle"], np.array([-1.0, 2.0]))
    with pytest.raises(UserError, match="above 0"):
        check_target(METRICS["gamma_deviance"], np.array([0.0, 2.0]))


def test_predictions_that_are_not_finite_are_an_error():
    with pytest.raises(ValueError, match="not finite"):
        score_predictions(METRICS["rmse"], np.ones(3), np.array([1.0, np.nan, 1.0]))
    with pytest.raises(ValueError, match="no rows"):
        score_predictions(METRICS["rmse"], np.ones(0), np.ones(0))


@given(seed=st.integers(0, 10_000), shift=st.floats(0.1, 5.0))
def test_roc_auc_depends_on_the_order_alone(seed, shift):
    y, p = toy(BINARY, seed=seed)
    bent = p[:, 1].astype(float) ** shift
    other = np.stack([1 - bent, bent], axis=1)
    metric = METRICS["roc_auc"]
    assert score_predictions(metric, y, other) == pytest.approx(score_predictions(metric, y, p))


@given(seed=st.integers(0, 10_000))
def test_classes_that_no_row_has_change_no_score(seed):
    y, p = toy(MULTICLASS, seed=seed)
    rows = y < 2
    wider = np.hstack([p, np.zeros((len(p), 2), dtype=np.float32)])
    for name in ("log_loss", "roc_auc", "average_precision", "brier", "accuracy", "f1_macro"):
        metric = METRICS[name]
        assert score_predictions(metric, y[rows], wider[rows]) == pytest.approx(
            score_predictions(metric, y[rows], p[rows]), rel=1e-5
        )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_pairs_of_classes_score_as_scikit_learn_scores_each_pair(weighted, average):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 5, size=200) * 2  # with codes of no row between
    p = np.round(rng.dirichlet(np.ones(10), size=200), 1).astype(np.float32)  # many ties
    weight = np.where(y == 4, 0.0, rng.random(200)) if weighted else None
    found, sizes = [], []
    for a, b in itertools.combinations([0, 2, 4, 6, 8], 2):
        rows = (y == a) | (y == b)
        w = None if weight is None else weight[rows]
        if weighted and 4 in (a, b):
            continue
        found.append(
            np.mean(
                [
                    sk.roc_auc_score(y[rows] == each, p[rows, each], sample_weight=w)
                    for each in (a, b)
                ]
            )
        )
        sizes.append(rows.sum() if w is None else w.sum())
    expected = np.average(found, weights=sizes if average == "weighted" else None)
    assert roc_auc_ovo(y, p, weight, average) == pytest.approx(expected, abs=1e-12)


def test_a_thousand_classes_are_scored_pair_by_pair_without_a_call_for_each(monkeypatch):
    monkeypatch.delattr("sklearn.metrics.roc_auc_score")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 1000, size=2000)
    p = rng.random((2000, 1000)) + (y[:, None] == np.arange(1000))
    assert roc_auc_ovo(y, p, None) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="finite"):
        roc_auc_ovo(y, p * np.nan, None)
    assert roc_auc_ovo(np.zeros(5, dtype=int), p[:5], None) == 0.5


def test_percentages_of_targets_of_zero_are_refused_in_one_line():
    check_percentages(METRICS["mape"], np.array([1.0, 2.0]))
    check_percentages(METRICS["smape"], np.array([0.0, 2.0]))
    with pytest.raises(UserError, match="'mape' divides by the target, which is 0 in 1 row"):
        check_percentages(METRICS["mape"], np.array([0.0, 2.0]))


def test_the_floor_of_answers_is_what_the_metric_takes():
    y = np.array([0.0, 4.0])
    assert answer_floor(METRICS["rmse"], y) is None
    assert answer_floor(METRICS["rmsle"], y) == 0.0
    for name in ("poisson_deviance", "gamma_deviance"):
        floor = answer_floor(METRICS[name], np.array([1.0, 4.0]))
        assert floor is not None
        assert floor > 0
        assert np.isfinite(
            score_predictions(METRICS[name], np.array([1.0, 4.0]), np.array([floor, 4.0]))
        )


def test_a_scorer_of_scikit_learn_with_a_floor_is_our_metric():
    scorer = sk.get_scorer("neg_mean_squared_log_error")
    assert get_metric(scorer, REGRESSION) is METRICS["msle"]
