from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.search.limits.racing import (
    FEWEST_WHOLE,
    REFERENCE_RANK,
    floors,
    race_floors,
)
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.failures import failures_of
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


def result(number, scores, status=TrialStatus.SUCCESS, stops=()):
    configuration = Configuration.of("f", {"x": number})
    whole = status is TrialStatus.SUCCESS
    return TrialResult(
        trial=Trial(number=number, configuration=configuration, seed=0, floors=stops),
        status=status,
        fold_scores=tuple(scores),
        score=float(np.mean(scores)) if whole else None,
        seconds=float(len(scores)),
    )


def drawn(n, n_folds=5, noise=0.01, seed=0):
    """Return fold gains: each fold has its difficulty, each trial its level."""
    rng = np.random.default_rng(seed)
    levels = np.sort(rng.normal(0.8, 0.05, n))[::-1]
    return levels[:, None] + rng.normal(0, 0.1, n_folds) + rng.normal(0, noise, (n, n_folds))


def looks(folds):
    return folds.cumsum(axis=1) / np.arange(1, folds.shape[1] + 1)


def is_stopped(gains, stops):
    return any(gains[: at + 1].mean() < stop for at, stop in enumerate(stops))


def test_nothing_is_stopped_while_little_is_known():
    few = History(METRICS["roc_auc"], tuple(result(n, [0.8, 0.9]) for n in range(FEWEST_WHOLE - 1)))
    assert race_floors(few, 2) == ()
    enough = few.extend([result(99, [0.7, 0.9])])
    assert len(race_floors(enough, 2)) == 1
    assert race_floors(enough, 1) == ()


def test_there_is_a_floor_a_fold_but_for_the_last_below_the_rival():
    gains = drawn(20, noise=0.0)
    stops = floors(looks(gains))
    reference = np.argsort(-gains.mean(axis=1))[REFERENCE_RANK - 1]
    so_far = gains[reference].cumsum()[:-1] / np.arange(1, 5)
    assert len(stops) == 4
    np.testing.assert_allclose(stops, so_far)  # folds say the same of all: no margin


def test_whoever_is_ahead_of_the_rival_stays_above_the_floors():
    above = []
    for seed in range(200):
        gains = drawn(20, seed=seed)
        order = np.argsort(-gains.mean(axis=1))
        so_far = gains[order[:REFERENCE_RANK]].cumsum(axis=1)[:, :-1] / np.arange(1, 5)
        above.append((so_far > floors(looks(gains))).mean(axis=1))
    *ahead, reference = np.mean(above, axis=0)
    assert min(ahead) >= 0.98
    assert reference >= 0.85  # its own luck on the first folds no longer counts


def test_luck_of_the_rival_on_a_fold_does_not_raise_its_floor():
    gains = drawn(20)
    reference = np.argsort(-gains.mean(axis=1))[REFERENCE_RANK - 1]
    lucky = gains.copy()
    lucky[reference, 0] += 0.05
    lucky[reference, 1] -= 0.05
    raised = floors(looks(lucky))[0] - floors(looks(gains))[0]
    assert raised < 0.01  # its own lead would raise it by 0.05


def test_the_floors_of_a_loss_are_those_of_its_negative():
    gains = drawn(12)
    as_loss = History(METRICS["log_loss"], tuple(result(n, -each) for n, each in enumerate(gains)))
    np.testing.assert_allclose(race_floors(as_loss, 5), floors(looks(gains)))


def test_the_best_are_never_and_the_worst_always_stopped():
    stopped_good = stopped_bad = 0
    for seed in range(40):
        gains = drawn(30, seed=seed)
        stops = floors(looks(gains))
        order = np.argsort(-gains.mean(axis=1))
        stopped_good += sum(is_stopped(gains[place], stops) for place in order[:REFERENCE_RANK])
        stopped_bad += sum(is_stopped(gains[place], stops) for place in order[-10:])
    assert stopped_good <= 0.05 * 40 * REFERENCE_RANK
    assert stopped_bad >= 0.95 * 40 * 10


def test_folds_that_disagree_by_chance_alone_stop_little():
    rng = np.random.default_rng(3)
    gains = rng.normal(0, 1, (200, 5))
    stops = floors(looks(gains[:40]))
    best = gains[40:][np.argsort(-gains[40:].mean(axis=1))[:20]]
    assert sum(is_stopped(each, stops) for each in best) <= 3


def test_a_stopped_trial_counts_by_its_lead_on_the_folds_it_had():
    best = result(0, [0.9, 0.5, 0.7])
    stopped = result(1, [0.8], TrialStatus.PRUNED, stops=(0.85, 0.6))
    history = History(METRICS["roc_auc"], (best, stopped, result(2, [], TrialStatus.FAILED)))
    assert history.expected_gain(stopped) == pytest.approx(0.7 - 0.1)
    assert history.expected_gain(best) is None
    as_loss = replace(history, metric=METRICS["log_loss"])
    assert as_loss.expected_gain(stopped) == pytest.approx(-0.7 + 0.1)
    assert History(METRICS["roc_auc"], (stopped,)).expected_gain(stopped) is None
    assert stopped.full_seconds == 3.0
    assert [each.trial.number for each in history.stopped] == [1]
    assert [each.trial.number for each in history.failures] == [2]
    assert [each.status for each in failures_of(history)] == ["failed"]


def test_the_floors_of_a_trial_survive_the_log():
    stopped = result(1, [0.8], TrialStatus.PRUNED, stops=(0.85, 0.6))
    assert TrialResult.from_dict(stopped.to_dict()) == stopped
    old = stopped.to_dict()
    del old["trial"]["floors"]
    assert TrialResult.from_dict(old).trial.floors == ()


def test_a_record_of_when_there_was_a_row_ladder_is_still_read():
    stopped = result(1, [0.8], TrialStatus.PRUNED, stops=(0.85, 0.6))
    old = stopped.to_dict() | {"rung_scores": (0.5,)}
    old["trial"]["rungs"] = (1 / 9, 1 / 3)
    assert TrialResult.from_dict(old) == stopped
