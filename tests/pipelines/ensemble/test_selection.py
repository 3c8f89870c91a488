from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from espalier.pipelines.ensemble.selection import convex_stagewise, greedy_selection
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.metrics.mixture_scorer import area_under_curve, make_scorer
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.problem import ProblemKind


@pytest.mark.parametrize(
    ("name", "problem"),
    [("log_loss", p) for p in ("binary", "multiclass")]
    + [("roc_auc", "binary"), ("rmse", "regression"), ("mae", "regression"), ("f1", "binary")],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_quick_score_is_the_metric(
    name: str, problem: str, weighted: bool, made_target: Any, predictions_of: Any
) -> None:
    kind = ProblemKind(problem)
    y, signal = made_target(kind, 300)
    p = predictions_of(kind, signal, 1.0, 1)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y)) if weighted else None
    metric = METRICS[name]
    scorer = make_scorer(metric, y, kind, weight)
    quick = scorer.score(scorer.reduce(p), None)
    assert quick == pytest.approx(metric.sign * score_predictions(metric, y, p, weight), rel=1e-5)
    rows = np.arange(0, 300, 3)
    part = None if weight is None else weight[rows]
    assert scorer.score(scorer.reduce(p), rows) == pytest.approx(
        metric.sign * score_predictions(metric, y[rows], p[rows], part), rel=1e-5
    )


def test_reduction_is_linear(made_target: Any, predictions_of: Any) -> None:
    y, signal = made_target(ProblemKind.MULTICLASS, 60)
    p, q = (predictions_of(ProblemKind.MULTICLASS, signal, 1.0, seed) for seed in (1, 2))
    for name in ("log_loss", "accuracy"):
        reduce = make_scorer(METRICS[name], y, ProblemKind.MULTICLASS).reduce
        np.testing.assert_allclose(
            reduce(0.3 * p + 0.7 * q), 0.3 * reduce(p) + 0.7 * reduce(q), rtol=1e-5
        )


def test_the_quick_area_under_the_curve_shares_ties() -> None:
    rng = np.random.default_rng(0)
    y, scores = rng.integers(0, 2, 500), rng.integers(0, 20, 500) / 20
    assert area_under_curve(y == 1, scores) == pytest.approx(roc_auc_score(y, scores))
    assert np.isnan(area_under_curve(np.ones(4, dtype=bool), scores[:4]))


@pytest.mark.parametrize("walk", ["greedy", "convex"])
@pytest.mark.parametrize(
    ("problem", "name"),
    [("binary", "roc_auc"), ("multiclass", "log_loss"), ("regression", "mae")],
)
def test_selection_beats_the_best_single_on_its_rows(
    walk: str, problem: str, name: str, made_target: Any, predictions_of: Callable[..., Any]
) -> None:
    kind = ProblemKind(problem)
    y, signal = made_target(kind, 600)
    library = np.stack([predictions_of(kind, signal, 0.8, seed) for seed in range(6)])
    scorer = make_scorer(METRICS[name], y, kind)
    reduced = scorer.reduce(library)
    scores = np.array([scorer.score(one, None) for one in reduced])
    if walk == "greedy":
        weights = greedy_selection(reduced, scorer, scores, n_choices=25, n_candidates=6)
    else:
        weights = convex_stagewise(
            reduced, scorer, scores, shrinkage=0.1, n_stages=25, n_candidates=6
        )
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    assert (weights > 0).sum() >= 3  # six equals: one alone cannot be best
    mixture = np.tensordot(weights, reduced, axes=1)
    assert scorer.score(mixture, None) > scores.max()


def test_candidates_beyond_the_best_are_not_considered(
    made_target: Any, predictions_of: Any
) -> None:
    y, signal = made_target(ProblemKind.BINARY, 300)
    library = np.stack(
        [predictions_of(ProblemKind.BINARY, signal, noise, 1) for noise in (0.5, 0.6, 3.0)]
    )
    scorer = make_scorer(METRICS["log_loss"], y, ProblemKind.BINARY)
    reduced = scorer.reduce(library)
    scores = np.array([scorer.score(one, None) for one in reduced])
    weights = greedy_selection(reduced, scorer, scores, n_choices=20, n_candidates=2)
    assert weights[2] == 0.0


def test_a_metric_that_is_not_defined_leaves_the_best_single(made_target: Any) -> None:
    y = np.ones(50, dtype=np.int64)  # one class only: no area under a curve
    library = np.random.default_rng(0).dirichlet([1, 1], size=(3, 50))
    scorer = make_scorer(METRICS["average_precision"], y, ProblemKind.BINARY)
    reduced = scorer.reduce(library)
    scores = np.array([0.3, 0.9, 0.1])
    weights = greedy_selection(reduced, scorer, scores, n_choices=5, n_candidates=3)
    assert weights[1] > 0
    assert np.isfinite(weights).all()
