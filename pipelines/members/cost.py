"""What finishing a run costs, by what its trials cost: refits, and all that comes after them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from espalier.pipelines.evaluation.fold_models import n_served
from espalier.pipelines.members.serving_limits import NO_LIMITS, ServingLimits, row_ms, size_mb
from espalier.pipelines.members.serving_mode import RefitMode, Serving
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import TrialResult

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

    def of_member(self, result: TrialResult, way: RefitMode = RefitMode.REFIT) -> float:
        """Return the seconds that one member adds; each of its fold models adds as much."""
        predicting = self.n_rows * (result.predict_ms_per_row or 0.0) / 1000.0
        handling = self.seconds_a_mb * (result.size_mb or 0.0)
        return (1 if way is RefitMode.REFIT else n_served(result)) * (predicting + handling)


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
        Trials whose fold models are kept: they can serve without a refit.
    serving : "auto", "refit" or "bagged"
        ``bagged`` wants fold models; the others refits, and fold models where time is short.
    limits : ServingLimits
        What the members may cost together where they serve.
    """

    deadline: Deadline
    n_workers: int = 1
    finish: FinishCost = NOTHING
    kept: frozenset[int] = frozenset()
    serving: Serving = "auto"
    limits: ServingLimits = NO_LIMITS

    def affordable(self, results: Sequence[TrialResult]) -> list[int]:
        """Return the positions of the results that can all be members within time and limits.

        First come first: one that does not fit any more is passed over; cheaper ones after it may
        still do.
        """
        return [position for position, way in enumerate(self.plan(results)) if way is not None]

    def plan(self, results: Sequence[TrialResult]) -> tuple[RefitMode | None, ...]:
        """Return how each of the results can be a member; None for one that cannot.

        Those with fold models leave the time to the others first, then are refitted in what is
        left, unless fold models are wanted.
        """
        left = self.deadline.seconds_left - self.finish.fixed
        book = _Book([0.0] * self.n_workers, left, self.limits)
        ways: list[RefitMode | None] = []
        for result in results:
            choices = [RefitMode.REFIT]
            if result.trial.number in self.kept:
                choices = [RefitMode.KEPT, RefitMode.REFIT]
            elif self.serving == "bagged":
                choices = [RefitMode.FOLDS, RefitMode.REFIT]
            ways.append(
                next((way for way in choices if book.takes(self._entry(result, way))), None)
            )
        if self.serving != "bagged":
            for position, result in enumerate(results):
                if ways[position] is RefitMode.KEPT:
                    before = book.without(self._entry(result, RefitMode.KEPT))
                    if before.takes(self._entry(result, RefitMode.REFIT)):
                        book, ways[position] = before, RefitMode.REFIT
        return tuple(ways)

    def refit_deadline(
        self, members: Sequence[TrialResult], ways: Sequence[RefitMode | None] | None = None
    ) -> Deadline:
        """Return when the refits must be over so that these members can be finished."""
        planned = self.plan(members) if ways is None else ways
        # One without a way is counted as well: what is chosen may yet be begun.
        seconds = sum(
            self.finish.of_member(member, way or RefitMode.REFIT)
            for member, way in zip(members, planned, strict=True)
        )
        return self.deadline.earlier(self.finish.fixed + seconds)

    def _entry(self, result: TrialResult, way: RefitMode) -> "_Entry":
        n_models = 1 if way is RefitMode.REFIT else n_served(result)
        fits = {
            RefitMode.REFIT: (refit_seconds(result),),
            RefitMode.KEPT: (),
            RefitMode.FOLDS: (result.fit_seconds,) * n_models,
        }
        return _Entry(
            fits=fits[way],
            after=self.finish.of_member(result, way),
            row_ms=n_models * row_ms(result) if self.limits.max_latency_ms is not None else 0.0,
            size_mb=n_models * size_mb(result) if self.limits.max_size_mb is not None else 0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What one member costs: seconds of its fits and after them, and where it serves."""

    fits: tuple[float, ...]
    after: float
    row_ms: float
    size_mb: float


@dataclass(slots=True)
class _Book:
    """What there is, as it is given away.

    Attributes
    ----------
    loads : list of float
        Seconds that each worker is busy.
    left : float
        Seconds that there are for the work and for what comes after it.
    limits : ServingLimits
        For all members together.
    after, row_ms, size_mb : float
        Of the members so far.
    """

    loads: list[float]
    left: float
    limits: ServingLimits
    after: float = 0.0
    row_ms: float = 0.0
    size_mb: float = 0.0

    def takes(self, entry: _Entry) -> bool:
        """Whether a member fits; then it is in the book."""
        loads = list(self.loads)
        for seconds in entry.fits:  # jobs start in order, each on the first worker to be free
            first = min(range(len(loads)), key=loads.__getitem__)
            loads[first] += seconds
        after = self.after + entry.after
        row, size = self.row_ms + entry.row_ms, self.size_mb + entry.size_mb
        if max(loads) + after > self.left or not self.limits.admit(row, size):
            return False
        self.loads, self.after, self.row_ms, self.size_mb = loads, after, row, size
        return True

    def without(self, entry: _Entry) -> "_Book":
        """Return the book without a member that takes no fit."""
        return replace(
            self,
            after=self.after - entry.after,
            row_ms=self.row_ms - entry.row_ms,
            size_mb=self.size_mb - entry.size_mb,
        )


def refit_seconds(result: TrialResult) -> float:
    """Return about how long it takes to fit a trial's configuration to all search rows."""
    return REFIT_FACTOR * result.fit_seconds
