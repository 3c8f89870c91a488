"""What finishing a run costs, by what its trials cost: refits, and all that comes after them."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.budget import Deadline
from pipelines.trial import TrialResult

# A refit has a quarter more rows than a fold of five, and machines are busier at some times.
REFIT_FACTOR = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishCost:
    """What comes after the refits.

    Attributes
    ----------
    fixed : float
        Seconds that it takes whatever the model is.
    n_rows : int
        Held-out rows that the model will predict.
    seconds_a_mb : float
        For each MiB of the model: it is handed over, written, read and copied.
    """

    fixed: float = 0.0
    n_rows: int = 0
    seconds_a_mb: float = 0.0

    def of_member(self, result: TrialResult) -> float:
        """Return the seconds that one member adds."""
        predicting = self.n_rows * (result.predict_ms_per_row or 0.0) / 1000.0
        return predicting + self.seconds_a_mb * (result.size_mb or 0.0)

    def seconds(self, members: Sequence[TrialResult]) -> float:
        """Return the seconds from the last refit to the end of the run."""
        return self.fixed + sum(self.of_member(each) for each in members)


NOTHING = FinishCost()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitTime:
    """The time there is for refitting members.

    Attributes
    ----------
    deadline : Deadline
        When the run must be over.
    n_workers : int
        How many members are fitted at the same time.
    finish : FinishCost
        What must be done after them.
    kept : frozenset of int
        Trials whose fold model is kept: it can serve without a refit.
    """

    deadline: Deadline
    n_workers: int = 1
    finish: FinishCost = NOTHING
    kept: frozenset[int] = frozenset()

    def affordable(self, results: Sequence[TrialResult]) -> list[int]:
        """Return the positions of the results that can all be members, first come first.

        A result that does not fit any more is passed over; cheaper ones after it may still do.
        """
        return self._choose(results, free=self.kept)

    def refittable(self, results: Sequence[TrialResult]) -> list[int]:
        """Return the positions of the results that can all be refitted in time."""
        return self._choose(results, free=frozenset())

    def refit_deadline(self, members: Sequence[TrialResult]) -> Deadline:
        """Return when the refits must be over so that these members can be finished."""
        return self.deadline.earlier(self.finish.seconds(members))

    def _choose(self, results: Sequence[TrialResult], free: frozenset[int]) -> list[int]:
        left = self.deadline.seconds_left - self.finish.fixed
        loads = [0.0] * self.n_workers  # jobs start in order, each on the first worker to be free
        after = 0.0
        kept = []
        for position, result in enumerate(results):
            spent = 0.0 if result.trial.number in free else refit_seconds(result)
            first = min(range(len(loads)), key=loads.__getitem__)
            would_end = max(max(loads), loads[first] + spent)
            if would_end + after + self.finish.of_member(result) <= left:
                kept.append(position)
                loads[first] += spent
                after += self.finish.of_member(result)
        return kept


def refit_seconds(result: TrialResult) -> float:
    """Return about how long it takes to fit a trial's configuration to all search rows."""
    return REFIT_FACTOR * result.fit_seconds
