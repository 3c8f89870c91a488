"""Members are chosen by what a second look at the best trials says, where time was left."""

from typing import Any

import pytest

from espalier.pipelines.finishing.finish import FinishedMembers, FinishInputs, choose_and_fit
from espalier.pipelines.resources.budget import NEVER, Deadline
from tests.pipelines.finishing.test_second_look import (
    DATA,
    FOLDS,
    MOST_WINNERS,
    ModelExecutor,
    searched,
)


def at(seconds: float) -> Deadline:
    """Return a deadline so many seconds ahead, on a clock that stands still."""
    return Deadline(seconds, clock=lambda: 0.0)


def finished(spare: Deadline) -> FinishedMembers:
    history, predictions = searched()
    executor: Any = ModelExecutor()
    space: Any = None  # what only small models need
    return choose_and_fit(
        executor,
        history,
        predictions,
        dataset=DATA,
        seed=0,
        finishing=FinishInputs(deadline=at(20_000.0), spare=spare),
        folds=FOLDS,
        space=space,
    )


@pytest.mark.parametrize("spare", [NEVER, at(-1.0)])
def test_a_search_that_used_its_time_is_believed(spare: Deadline) -> None:
    made = finished(spare)
    assert made.look is None
    assert made.choice.members[0][0] == 0


def test_the_luckiest_trial_is_no_member_once_it_is_seen_again() -> None:
    made = finished(at(10_000.0))
    assert made.look is not None
    seen = {each.trial.number for each in made.look.results}
    assert len(seen) == MOST_WINNERS
    weights = made.choice.weights
    assert weights.keys() <= seen
    assert weights.get(0, 0.0) < 0.05
    assert len(made.members) == len(made.choice.members)
    # What is said of the model is what the new folds say: the lucky one's score is given up.
    assert made.choice.cv_score > finished(NEVER).choice.cv_score
