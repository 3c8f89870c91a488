"""What refitting members costs, by what their trials cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.budget import Deadline
from pipelines.trial import TrialResult

# A refit has a quarter more rows than a fold of five, and machines are busier at some times.
REFIT_FACTOR = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitTime:
    """The time there is for refitting members.

    Attributes
    ----------
    deadline : Deadline
        When they must be fitted.
    n_workers : int
        How many are fitted at the same time.
    """

    deadline: Deadline
    n_workers: int = 1

    def affordable(self, results: Sequence[TrialResult]) -> list[int]:
        """Return the positions of the results that can all be refitted in time, first come first.

        A result that does not fit any more is passed over; cheaper ones after it may still do.
        """
        each = self.deadline.seconds_left  # no member gets more, however many workers there are
        together = each * self.n_workers
        kept = []
        for position, result in enumerate(results):
            seconds = REFIT_FACTOR * result.fit_seconds
            if seconds <= min(each, together):
                kept.append(position)
                together -= seconds
        return kept
