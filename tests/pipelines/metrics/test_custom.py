import pickle

import numpy as np
import pytest
from sklearn import metrics as sk

from espalier.pipelines.errors import UserError
from espalier.pipelines.metrics.catalogue import METRICS, get_metric, make_metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.problem import ProblemKind


def hit_rate(y, predicted):
    return float(np.mean(y == predicted))


def weighted_error(y, predicted, sample_weight=None):
    return float(np.average(np.abs(y - predicted), weights=sample_weight))


def test_a_function_of_labels_fits_classification():
    metric = make_metric("hits", hit_rate, greater_is_better=True)
    assert metric.name == "hits"
    assert metric.needs == "labels"
    assert metric.problems >= {ProblemKind.BINARY, ProblemKind.MULTICLASS}
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    assert score_predictions(metric, np.array([0, 1, 1]), p) == pytest.approx(2 / 3)
    assert pickle.loads(pickle.dumps(metric)) == metric


def test_weights_reach_a_function_that_takes_them():
    metric = make_metric("error", weighted_error, greater_is_better=False, needs="values")
    assert metric.problems == {ProblemKind.REGRESSION}
    y, p = np.zeros(2), np.array([1.0, 3.0])
    assert score_predictions(metric, y, p) == 2.0
    assert score_predictions(metric, y, p, np.array([3.0, 1.0])) == 1.5


def test_a_function_of_one_column_of_probabilities_is_adapted():
    metric = make_metric("area", sk.roc_auc_score, greater_is_better=True, needs="scores")
    assert ProblemKind.BINARY in metric.problems
    y = np.array([0, 1, 1, 0])
    p = np.array([[0.8, 0.2], [0.1, 0.9], [0.6, 0.4], [0.3, 0.7]])
    expected = score_predictions(METRICS["roc_auc"], y, p)
    assert score_predictions(metric, y, p) == pytest.approx(expected)


def test_a_wrong_direction_is_found_on_toy_data():
    with pytest.raises(UserError, match="greater_is_better=False looks wrong"):
        make_metric("hits", hit_rate, greater_is_better=False, needs="labels")


def test_a_function_that_fails_is_refused_with_what_it_said():
    def broken(y, predicted):
        raise KeyError("no such column")

    with pytest.raises(UserError, match="'bad' failed its test on toy data: KeyError"):
        make_metric("bad", broken, greater_is_better=True)
    with pytest.raises(UserError, match="it returned nan"):
        make_metric("bad", lambda y, p: float("nan"), greater_is_better=True)


def test_unknown_needs_are_refused():
    with pytest.raises(UserError, match="needs must be labels, scores or values"):
        make_metric("hits", hit_rate, greater_is_better=True, needs="logits")


def test_a_plain_function_is_refused_because_its_direction_is_unknown():
    with pytest.raises(UserError, match="wrap it: make_metric"):
        get_metric(hit_rate, ProblemKind.BINARY, 2)


@pytest.mark.parametrize(
    ("scorer", "problem", "ours"),
    [
        (sk.make_scorer(sk.fbeta_score, beta=1), ProblemKind.BINARY, "f1"),
        (
            sk.make_scorer(sk.log_loss, greater_is_better=False, response_method="predict_proba"),
            ProblemKind.MULTICLASS,
            "log_loss",
        ),
        (
            sk.make_scorer(sk.mean_absolute_error, greater_is_better=False),
            ProblemKind.REGRESSION,
            "mae",
        ),
    ],
)
def test_a_scorer_brings_its_direction(scorer, problem, ours):
    metric = get_metric(scorer, problem, 2)
    assert metric.higher_is_better == METRICS[ours].higher_is_better
    rng = np.random.default_rng(0)
    if problem is ProblemKind.REGRESSION:
        y, p = rng.normal(size=30), rng.normal(size=30)
    else:
        n_classes = 2 if problem is ProblemKind.BINARY else 3
        y, p = np.arange(30) % n_classes, rng.dirichlet(np.ones(n_classes), size=30)
    expected = score_predictions(METRICS[ours], y, p)
    assert score_predictions(metric, y, p) == pytest.approx(expected)
