"""Limits on the latency and the size of a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from espalier.pipelines.errors import UserError
from espalier.pipelines.trials.trial import TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingLimits:
    """The largest latency and size of an ensemble's members together.

    Attributes
    ----------
    max_latency_ms : float or None
        Milliseconds for one row; None for no limit.
    max_size_mb : float or None
        MiB of the pickled members; None for no limit.
    fixed_ms : float
        Milliseconds per row that do not depend on the members: preparing the row and combining the
        predictions.
    """

    max_latency_ms: float | None = None
    max_size_mb: float | None = None
    fixed_ms: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("latency", self.max_latency_ms), ("size", self.max_size_mb)):
            if value is not None and not value > 0:
                raise UserError(f"the limit on {name} must be positive, not {value:g}")

    def __bool__(self) -> bool:
        return self.max_latency_ms is not None or self.max_size_mb is not None

    def admit(self, row_ms: float, size_mb: float) -> bool:
        """Return whether members with this total latency and size are within the limits."""
        slow = self.max_latency_ms is not None and self.fixed_ms + row_ms > self.max_latency_ms
        return not slow and (self.max_size_mb is None or size_mb <= self.max_size_mb)

    def refusal(self, results: Sequence[TrialResult]) -> str:
        """Return the error message for the case that no trial is within the limits."""
        said = []
        if self.max_latency_ms is not None:
            quickest = self.fixed_ms + min(map(row_ms, results))
            said.append(f"{self.max_latency_ms:g} ms a row (the quickest takes {quickest:.3g})")
        if self.max_size_mb is not None:
            smallest = min(map(size_mb, results))
            said.append(f"{self.max_size_mb:g} MiB (the smallest has {smallest:.3g})")
        return f"no model is within {' and '.join(said)}; allow more"


NO_LIMITS = ServingLimits()


def row_ms(result: TrialResult) -> float:
    """Return the milliseconds that one model of a trial needs for a row; infinity if unknown."""
    known = result.row_ms if result.row_ms is not None else result.predict_ms_per_row
    return float("inf") if known is None else known


def size_mb(result: TrialResult) -> float:
    """Return the size of one model of a trial in MiB; infinity if unknown."""
    return float("inf") if result.size_mb is None else result.size_mb


def pareto(
    results: Sequence[TrialResult], gain: Callable[[TrialResult], float]
) -> tuple[TrialResult, ...]:
    """Return the Pareto-optimal trials by score, latency and size, best score first.

    Parameters
    ----------
    results : sequence of TrialResult
        Trials with a score.
    gain : callable
        Returns the score of a trial, turned so that larger is better.
    """
    found: list[TrialResult] = []
    costs = [(-gain(each), row_ms(each), size_mb(each), each.trial.number) for each in results]
    for position in sorted(range(len(results)), key=costs.__getitem__):
        mine = costs[position][1:3]
        # Trials before it score at least as well; it is dominated if one is as quick and small too.
        if not any(row_ms(o) <= mine[0] and size_mb(o) <= mine[1] for o in found):
            found.append(results[position])
    return tuple(found)
