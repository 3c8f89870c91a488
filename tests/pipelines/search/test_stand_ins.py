"""What stands in where no trial got to its end."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.search.stand_ins import said_of, with_stand_ins
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus
from tests.contracts.acting_learner import act


def result(number, scores, status=TrialStatus.TIMEOUT):
    mean = sum(scores) / len(scores) if status is TrialStatus.SUCCESS else None
    return TrialResult(
        trial=Trial(number=number, configuration=act("work", number / 100), seed=0),
        status=status,
        fold_scores=tuple(scores),
        score=mean,
        error=None if mean is not None else "stopped",
    )


def history(*results):
    return History(METRICS["roc_auc"], results)


def test_those_that_got_furthest_count_by_the_folds_that_they_have():
    stopped = history(
        result(0, [0.9]),
        result(1, [0.5, 0.7]),
        result(2, [0.8, 0.6]),
        result(3, [0.9, 0.9, 0.9], TrialStatus.PRUNED),
        result(4, [], TrialStatus.FAILED),
    )
    found = with_stand_ins(stopped, range(5))
    assert [each.trial.number for each in found.successes] == [1, 2]
    assert found.best == found.ordered[2]
    assert found.best.score == pytest.approx(0.7)
    assert found.best.score_std == pytest.approx(0.1)
    assert found.best.error == "stopped"
    assert found.ordered[0] == stopped.ordered[0]
    assert "the best of 2 is chosen by 2 of 5 folds" in said_of(found, 5)


def test_nobody_stands_in_beside_a_success_or_without_predictions():
    whole = history(result(0, [0.5, 0.5, 0.5], TrialStatus.SUCCESS), result(1, [0.9, 0.9]))
    assert with_stand_ins(whole, range(2)) == whole
    assert said_of(whole, 3) is None
    gone = history(result(0, [0.5, 0.5]), result(1, [0.9]))
    found = with_stand_ins(gone, {1})
    assert [each.trial.number for each in found.successes] == [1]
    for none in (history(), history(result(0, []), result(1, [], TrialStatus.FAILED))):
        assert with_stand_ins(none, range(2)) == none
        assert said_of(none, 3) is None


@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(0, 1), max_size=5),
            st.sampled_from([TrialStatus.TIMEOUT, TrialStatus.PRUNED, TrialStatus.MEMOUT]),
        ),
        max_size=8,
    )
)
def test_it_loses_no_trial_and_doing_it_again_changes_nothing(trials):
    stopped = history(*(result(number, *each) for number, each in enumerate(trials)))
    found = with_stand_ins(stopped, range(8))
    assert [each.trial for each in found.ordered] == [each.trial for each in stopped.ordered]
    assert with_stand_ins(found, range(8)) == found
    assert len({len(each.fold_scores) for each in found.successes}) <= 1
    back = [
        replace(each, status=TrialStatus.TIMEOUT, score=None, score_std=None)
        if each.succeeded
        else each
        for each in found.ordered
    ]
    assert tuple(back) == stopped.ordered
