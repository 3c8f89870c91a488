"""Where the best trial came from: the trials that it is a variation of.

Who proposed a trial is on record, but not from which earlier one it was derived, if from any. What
can be said of it is which earlier trial it resembles most. Followed back from the best trial, this
gives a line of relatives; each step says what changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration, Value
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult

MOST_STEPS = 8
MOST_CHANGES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A hyperparameter that differs between two trials.

    Attributes
    ----------
    name : str
        The hyperparameter.
    before, after : value or None
        Its values; None where it is not active.
    """

    name: str
    before: Value | None
    after: Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A trial in the line of relatives of the best.

    Attributes
    ----------
    trial : int
        Its number.
    origin : str
        Who proposed it.
    family : str
        Its model family.
    score : float
        Its score.
    changes : tuple of Change
        What differs from the trial before it in the line; empty for the first.
    n_changes : int
        How many hyperparameters differ, those that are not listed too.
    """

    trial: int
    origin: str
    family: str
    score: float
    changes: tuple[Change, ...] = ()
    n_changes: int = 0


def relatives(history: History, space: SearchSpace) -> tuple[Relative, ...]:
    """Return the line of relatives that ends at the best trial, the earliest first.

    A trial's relative is the most similar earlier trial of its family that has a score. The line
    ends where there is none, or where the relative shares less than half of the settings.

    Parameters
    ----------
    history : History
        All trials.
    space : SearchSpace
        Encodes the configurations; trials of other families have no relatives.
    """
    at = history.best
    line: list[Relative] = []
    while at is not None and len(line) < MOST_STEPS:
        before = _relative(at, history.successes, space)
        changed = () if before is None else _changes(before, at)
        line.append(
            Relative(
                trial=at.trial.number,
                origin=at.trial.origin,
                family=at.trial.configuration.family,
                score=float(at.score or 0.0),
                changes=changed[:MOST_CHANGES],
                n_changes=len(changed),
            )
        )
        at = before
    return tuple(reversed(line))


def _relative(
    result: TrialResult, successes: Sequence[TrialResult], space: SearchSpace
) -> TrialResult | None:
    mine = result.trial.configuration
    earlier = [
        each
        for each in successes
        if each.trial.number < result.trial.number
        and each.trial.configuration.family == mine.family
    ]
    if not earlier or mine.family not in space.families:
        return None
    vectors = space.encode([mine, *(each.trial.configuration for each in earlier)])
    distances = np.abs(vectors[1:] - vectors[0]).sum(axis=1)
    nearest = earlier[int(np.argmin(distances))]
    n_settings = len(set(mine) | set(nearest.trial.configuration))
    return nearest if 2 * len(_changes(nearest, result)) <= n_settings else None


def _changes(before: TrialResult, after: TrialResult) -> tuple[Change, ...]:
    old, new = before.trial.configuration, after.trial.configuration
    return differences(old, new)


def differences(old: Configuration, new: Configuration) -> tuple[Change, ...]:
    """Return the hyperparameters in which two configurations differ, by name."""
    return tuple(
        Change(name=name, before=old.get(name), after=new.get(name))
        for name in sorted(set(old) | set(new))
        if old.get(name) != new.get(name)
    )
