import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.explain.leaderboard import make_leaderboard
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


def result(number, score=None, status=None):
    trial = Trial(number=number, configuration=Configuration.of("f", {"x": number}), seed=number)
    status = status or (TrialStatus.FAILED if score is None else TrialStatus.SUCCESS)
    return TrialResult(trial=trial, status=status, score=score)


def test_an_empty_history_has_nothing():
    history = History(METRICS["rmse"])
    assert history.best is None
    assert history.next_number == 0
    assert history.successes == ()
    assert make_leaderboard(history) == ()


@pytest.mark.parametrize(("metric", "best"), [("roc_auc", 2), ("log_loss", 0)])
def test_the_best_follows_the_metrics_direction(metric, best):
    history = History(METRICS[metric]).extend([result(2, 0.9), result(0, 0.1), result(1)])
    assert history.best.trial.number == best
    rows = make_leaderboard(history, {0: 0.25})
    assert [row.trial for row in rows] == [best, 2 - best, 1]
    assert {row.trial: row.weight for row in rows} == {0: 0.25, 1: 0.0, 2: 0.0}
    assert rows[-1].score is None


def test_of_equals_the_earliest_is_best():
    history = History(METRICS["rmse"]).extend([result(5, 1.0), result(3, 1.0)])
    assert history.best.trial.number == 3


def test_extending_leaves_the_old_history_alone_and_takes_no_number_twice():
    old = History(METRICS["rmse"]).extend([result(0, 1.0)])
    new = old.extend([result(0, 5.0), result(1, 2.0), result(1, 3.0)])
    assert len(old) == 1
    assert [each.score for each in new.ordered] == [1.0, 2.0]
    with pytest.raises(ValueError, match="twice"):
        History(METRICS["rmse"], (result(0, 1.0), result(0, 2.0)))


@given(st.permutations(range(7)), st.integers(0, 8))
def test_nothing_depends_on_the_order_in_which_trials_finish(order, cut):
    scores = [0.3, 0.1, None, 0.7, 0.7, None, 0.2]
    history = History(METRICS["roc_auc"]).extend(result(n, scores[n]) for n in order)
    assert [each.trial.number for each in history.ordered] == list(range(7))
    assert [row.trial for row in make_leaderboard(history)] == [3, 4, 0, 6, 1, 2, 5]
    assert history.before(cut).numbers == set(range(min(cut, 7)))
