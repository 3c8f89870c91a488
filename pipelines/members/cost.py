"""Estimate the time to finish a run (refits and the steps after them) from its trials' costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from espalier.pipelines.evaluation.fold_models import n_served
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.members.serving_limits import (
    NO_LIMITS,
    ServingLimits,
    operations,
    row_ms,
    size_mb,
)
from espalier.pipelines.members.serving_mode import RefitMode, Serving
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import TrialResult

# A refit has a quarter more rows than one of five folds, and the machine's load varies.
REFIT_FACTOR = 1.3
# Where early stopping chose the rounds, a fold went on past the best one, and where fits are short
# it was fitted a second time with all its rows; a refit grows just the rounds that are known.
# Measured: 0.3 to 0.8 of the fold's seconds (docs/decisions/0116).
KNOWN_ROUNDS_FACTOR = 0.8
# A trial that took this share of its limit was cut off, and has gone past no best round.
_CUT_OFF_SHARE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishCost:
    """The cost of the steps after the refits.

    Attributes
    ----------
    fixed : float
        Seconds that do not depend on the model.
    n_rows : int
        Number of hold-out rows that the model will predict.
    seconds_a_mb : float
        Seconds per MiB of the model, for transferring, writing, reading and copying it.
    """

    fixed: float = 0.0
    n_rows: int = 0
    seconds_a_mb: float = 0.0

    def of_member(self, result: TrialResult, way: RefitMode = RefitMode.REFIT) -> float:
        """Return the seconds that one member adds; every one of its fold models counts."""
        predicting = self.n_rows * (result.predict_ms_per_row or 0.0) / 1000.0
        handling = self.seconds_a_mb * (result.size_mb or 0.0)
        return (1 if way is RefitMode.REFIT else n_served(result)) * (predicting + handling)


NOTHING = FinishCost()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitTime:
    """The time available for refitting members.

    Attributes
    ----------
    deadline : Deadline
        When the run must be over.
    n_workers : int
        Number of members that are fitted at the same time.
    finish : FinishCost
        Cost of the steps after the refits.
    kept : frozenset of int
        Trials whose fold models are stored: they can be members without a refit.
    serving : "auto", "refit" or "bagged"
        ``bagged`` asks for fold models; the others for refits, with fold models if time is short.
    limits : ServingLimits
        Largest latency, size and operations of all members together.
    """

    deadline: Deadline
    n_workers: int = 1
    finish: FinishCost = NOTHING
    kept: frozenset[int] = frozenset()
    serving: Serving = "auto"
    limits: ServingLimits = NO_LIMITS

    def affordable(self, results: Sequence[TrialResult]) -> list[int]:
        """Return the positions of results that together fit into the time and the limits.

        Results are taken in order; one that does not fit is skipped, and cheaper ones after it may
        still fit.
        """
        return [position for position, way in enumerate(self.plan(results)) if way is not None]

    def plan(
        self, results: Sequence[TrialResult], weights: Sequence[float] = ()
    ) -> tuple[RefitMode | None, ...]:
        """Return the refit mode of each result; None for one that does not fit.

        Results with stored fold models are planned to use these, so that the others get the time.
        In the time that is left they are refitted, unless fold models are wanted: with ``weights``
        those first that have the most weight for a second of their refit.
        """
        left = self.deadline.seconds_left - self.finish.fixed
        book = _Book([0.0] * self.n_workers, left, self.limits)
        ways: list[RefitMode | None] = []
        for result in results:
            choices = [RefitMode.REFIT]
            if result.trial.variant is not None:
                pass  # small models, and those of its folds may be of the larger one
            elif result.trial.number in self.kept:
                choices = [RefitMode.KEPT, RefitMode.REFIT]
            elif self.serving == "bagged":
                choices = [RefitMode.FOLDS, RefitMode.REFIT]
            ways.append(
                next((way for way in choices if book.takes(self._entry(result, way))), None)
            )
        if self.serving != "bagged":
            for position in by_worth(results, weights):
                result = results[position]
                if ways[position] is RefitMode.KEPT:
                    before = book.without(self._entry(result, RefitMode.KEPT))
                    if before.takes(self._entry(result, RefitMode.REFIT)):
                        book, ways[position] = before, RefitMode.REFIT
        return tuple(ways)

    def refit_deadline(
        self, members: Sequence[TrialResult], ways: Sequence[RefitMode | None] | None = None
    ) -> Deadline:
        """Return the deadline of the refits that leaves enough time for the steps after them."""
        planned = self.plan(members) if ways is None else ways
        # Members without a refit mode are counted as refits: they may still be started.
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
            operations=n_models * operations(result)
            if self.limits.max_operations is not None
            else 0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """The cost of one member: seconds of fits and later steps, latency, size and operations."""

    fits: tuple[float, ...]
    after: float
    row_ms: float
    size_mb: float
    operations: float


@dataclass(slots=True)
class _Book:
    """The remaining time and limits, updated as members are added.

    Attributes
    ----------
    loads : list of float
        Seconds of fits that each worker has been assigned.
    left : float
        Seconds for the fits and the steps after them.
    limits : ServingLimits
        Limits for all members together.
    after, row_ms, size_mb, operations : float
        Sums over the members so far.
    """

    loads: list[float]
    left: float
    limits: ServingLimits
    after: float = 0.0
    row_ms: float = 0.0
    size_mb: float = 0.0
    operations: float = 0.0

    def takes(self, entry: _Entry) -> bool:
        """Add a member if it fits; return whether it does."""
        loads = list(self.loads)
        for seconds in entry.fits:  # jobs start in order, each on the first worker to be free
            first = min(range(len(loads)), key=loads.__getitem__)
            loads[first] += seconds
        after = self.after + entry.after
        row, size = self.row_ms + entry.row_ms, self.size_mb + entry.size_mb
        done = self.operations + entry.operations
        if max(loads) + after > self.left or not self.limits.admit(row, size, done):
            return False
        self.loads, self.after = loads, after
        self.row_ms, self.size_mb, self.operations = row, size, done
        return True

    def without(self, entry: _Entry) -> "_Book":
        """Return a copy without a member that needs no fit."""
        return replace(
            self,
            after=self.after - entry.after,
            row_ms=self.row_ms - entry.row_ms,
            size_mb=self.size_mb - entry.size_mb,
            operations=self.operations - entry.operations,
        )


def refit_seconds(result: TrialResult) -> float:
    """Return the estimated seconds to fit a trial's configuration to all search rows."""
    return (KNOWN_ROUNDS_FACTOR if _stopped_early(result) else REFIT_FACTOR) * result.fit_seconds


def _stopped_early(result: TrialResult) -> bool:
    """Whether the folds' models ended by themselves, with rounds that a refit takes over."""
    learner = LEARNERS.get(result.trial.configuration.family)
    limit = result.trial.seconds_limit
    cut_off = limit is not None and result.seconds >= _CUT_OFF_SHARE * limit
    stops = learner is not None and learner.early_stopping
    return stops and bool(result.iterations) and not cut_off


def by_worth(results: Sequence[TrialResult], weights: Sequence[float]) -> list[int]:
    """Return the positions of results, most weight for a second of their refit first.

    Of equals the first comes first; without weights all are equal.
    """
    worth = [
        round(abs(weight) / max(refit_seconds(each), 1e-9), 9)
        for each, weight in zip(results, weights or [0.0] * len(results), strict=True)
    ]
    return sorted(range(len(results)), key=lambda position: -worth[position])
