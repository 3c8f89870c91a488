import pickle
from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.data.splitting.folds import Fold, FoldPlan
from espalier.pipelines.evaluation.evaluate import evaluate_trial, fit_member
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.trial import Trial, TrialStatus
from tests.contracts.acting_learner import act, acting_context, acting_trial


def with_folds(context, *folds):
    plan = FoldPlan(tuple(Fold(np.array(a), np.array(b)) for a, b in folds), "own")
    return replace(context, folds=plan)


def test_scores_come_from_rows_that_the_model_did_not_see():
    context = acting_context(n_folds=4)
    outcome = evaluate_trial(acting_trial(0, "work"), context)
    result = outcome.result
    assert result.status is TrialStatus.SUCCESS
    assert len(result.fold_scores) == 4
    assert result.score == pytest.approx(np.mean(result.fold_scores))
    assert result.score_std == pytest.approx(np.std(result.fold_scores))
    assert outcome.predictions.dtype == np.float32
    for fold, score in zip(context.folds, result.fold_scores, strict=True):
        part = fit_member(
            MemberJob(trial_number=0, configuration=act("work"), seed=0, rows=fold.train), context
        )
        expected = part.predict_scores(context.dataset.X.iloc[fold.valid])
        np.testing.assert_allclose(outcome.predictions[fold.valid], expected, rtol=1e-5)
        assert score == pytest.approx(
            score_predictions(context.metric, context.dataset.y[fold.valid], expected), rel=1e-5
        )
    assert result.seconds >= 4 * result.fit_seconds > 0
    assert result.predict_ms_per_row > 0
    assert result.size_mb > 0


def test_predictions_are_averaged_over_repeats_and_missing_where_nothing_validates():
    rows = np.arange(40)
    context = acting_context()
    repeats = with_folds(
        context, (rows[:20], rows[30:]), (rows[5:25], rows[30:]), (rows[:20], rows[25:30])
    )
    outcome = evaluate_trial(acting_trial(0, "work"), repeats)
    singles = [
        evaluate_trial(acting_trial(0, "work"), with_folds(context, (f.train, f.valid))).predictions
        for f in repeats.folds
    ]
    np.testing.assert_allclose(
        outcome.predictions[30:], (singles[0][30:] + singles[1][30:]) / 2, rtol=1e-6
    )
    np.testing.assert_allclose(outcome.predictions[25:30], singles[2][25:30])
    assert np.isnan(outcome.predictions[:25]).all()


def test_weights_count_in_fitting_and_scoring():
    context = acting_context()
    weight = np.linspace(0.0, 2.0, 40)
    weighted = replace(context, dataset=replace(context.dataset, sample_weight=weight))
    plain = evaluate_trial(acting_trial(0, "work"), context)
    other = evaluate_trial(acting_trial(0, "work"), weighted)
    fold = context.folds.folds[0]
    assert other.result.fold_scores[0] == pytest.approx(
        score_predictions(
            context.metric,
            context.dataset.y[fold.valid],
            other.predictions[fold.valid],
            weight[fold.valid],
        )
    )
    assert other.result.score != plain.result.score


def test_a_trial_below_its_floor_ends_after_that_fold():
    context = acting_context(n_folds=4)
    plain = evaluate_trial(acting_trial(0, "work"), context).result
    gains = context.metric.sign * np.cumsum(plain.fold_scores) / np.arange(1, 5)
    high, low = (float(gains[1] + 1e-6), float(gains[1] - 1e-6))
    trial = replace(acting_trial(0, "work"), floors=(-np.inf, high, -np.inf))
    outcome = evaluate_trial(trial, context)
    assert outcome.result.status is TrialStatus.PRUNED
    assert outcome.result.fold_scores == plain.fold_scores[:2]
    assert outcome.result.score is None
    assert outcome.predictions is None
    assert outcome.result.error == "clearly worse after 2 of 4 folds"
    passes = replace(trial, floors=(-np.inf, low, -np.inf))
    assert evaluate_trial(passes, context).result.score == plain.score


def test_an_exception_becomes_a_result_of_one_line():
    outcome = evaluate_trial(acting_trial(3, "raise"), acting_context())
    assert outcome.result.status is TrialStatus.FAILED
    assert outcome.result.error == "ValueError: told to fail"
    assert outcome.result.score is None
    assert outcome.predictions is None
    assert outcome.result.trial.number == 3


def test_an_unknown_family_is_a_failed_trial_too():
    trial = Trial(number=0, configuration=replace(act("work"), family="nobody"), seed=0)
    assert evaluate_trial(trial, acting_context()).result.status is TrialStatus.FAILED


def test_running_out_of_memory_has_a_status_of_its_own():
    outcome = evaluate_trial(acting_trial(0, "memory"), acting_context())
    assert outcome.result.status is TrialStatus.MEMOUT


def test_a_deadline_ends_a_trial_whose_own_limit_is_later():
    trial = acting_trial(0, "sleep", seconds=30.0, seconds_limit=30.0)
    outcome = evaluate_trial(trial, acting_context(), deadline=Deadline.after(0.3))
    assert outcome.result.status is TrialStatus.TIMEOUT
    assert outcome.result.trial.seconds_limit == 30.0


def test_a_member_late_for_its_deadline_raises():
    job = MemberJob(trial_number=0, configuration=act("sleep", 30.0), seed=0)
    with pytest.raises(TimeoutError, match="trial 0"):
        fit_member(job, acting_context(), deadline=Deadline.after(0.2))


def test_the_same_trial_gives_the_same_answer():
    context = acting_context()
    first, second = (evaluate_trial(acting_trial(0, "work"), context) for _ in range(2))
    assert first.result.fold_scores == second.result.fold_scores
    np.testing.assert_array_equal(first.predictions, second.predictions)


def test_a_boosters_folds_share_the_limit_so_that_all_of_them_are_done():
    """Told that the time is short, it stops early in each fold and not for good in the last."""
    learner = LEARNERS["lightgbm"]
    context = replace(acting_context(n_folds=3), learners=(learner,), metric=METRICS["roc_auc"])
    space = SearchSpace((learner,), context.dataset.shape)
    evaluate_trial(Trial(number=0, configuration=space.default("lightgbm"), seed=0), context)
    trial = Trial(number=1, configuration=space.default("lightgbm"), seed=0, seconds_limit=20.0)
    result = evaluate_trial(trial, context).result
    assert result.status is TrialStatus.SUCCESS
    assert len(result.iterations) == 3


def test_nothing_reaches_the_terminal(capfd):
    for name in ("lightgbm", "catboost", "xgboost", "mlp"):
        learner = LEARNERS[name]
        context = replace(acting_context(), learners=(learner,))
        space = SearchSpace((learner,), context.dataset.shape)
        trial = Trial(number=0, configuration=space.default(name), seed=0)
        assert evaluate_trial(trial, context).result.status is TrialStatus.SUCCESS
    shown = capfd.readouterr()
    assert shown.out == ""
    assert shown.err == ""


def test_only_rows_that_a_fold_validates_are_held():
    rows = np.arange(40)
    one = with_folds(acting_context(), (rows[:30], rows[34:]))
    outcome = evaluate_trial(acting_trial(0, "work"), one)
    assert outcome.predictions.shape[0] == 40
    assert outcome.predictions.values.shape[0] == 6
    assert len(pickle.dumps(outcome.predictions.values)) < 40 * 4 * 2
    whole = with_folds(acting_context(), (rows[:20], rows[20:]), (rows[20:], rows[:20]))
    assert isinstance(evaluate_trial(acting_trial(0, "work"), whole).predictions, np.ndarray)
