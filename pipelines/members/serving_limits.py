"""Limits on the latency, the size and the operations of a model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from espalier.pipelines.errors import UserError
from espalier.pipelines.trials.trial import TrialResult

Model = TypeVar("Model")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingLimits:
    """The largest latency, size and operations of an ensemble's members together.

    Attributes
    ----------
    max_latency_ms : float or None
        Milliseconds for one row; None for no limit.
    max_size_mb : float or None
        MiB of the pickled members; None for no limit.
    max_operations : float or None
        Operations for one row (`espalier.pipelines.learners.light.counts`); None for no limit.
    fixed_ms : float
        Milliseconds per row that do not depend on the members: preparing the row and combining the
        predictions.
    """

    max_latency_ms: float | None = None
    max_size_mb: float | None = None
    max_operations: float | None = None
    fixed_ms: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (
            ("latency", self.max_latency_ms),
            ("size", self.max_size_mb),
            ("operations", self.max_operations),
        ):
            if value is not None and not value > 0:
                raise UserError(f"the limit on {name} must be positive, not {value:g}")

    def __bool__(self) -> bool:
        most = (self.max_latency_ms, self.max_size_mb, self.max_operations)
        return any(limit is not None for limit in most)

    def admit(self, row_ms: float, size_mb: float, operations: float) -> bool:
        """Return whether members of this latency, size and operations together may serve."""
        needed = (
            (self.max_latency_ms, self.fixed_ms + row_ms),
            (self.max_size_mb, size_mb),
            (self.max_operations, operations),
        )
        return all(limit is None or value <= limit for limit, value in needed)

    def admits(self, result: TrialResult, n_models: int = 1) -> bool:
        """Return whether so many models of a trial are within the limits."""
        return self.admit(
            n_models * row_ms(result), n_models * size_mb(result), n_models * operations(result)
        )

    def refusal(self, results: Sequence[TrialResult]) -> str:
        """Return the error message for the case that no trial is within the limits."""
        said = []
        if self.max_latency_ms is not None:
            quickest = self.fixed_ms + min(map(row_ms, results))
            said.append(f"{self.max_latency_ms:g} ms a row (the quickest takes {quickest:.3g})")
        if self.max_size_mb is not None:
            smallest = min(map(size_mb, results))
            said.append(f"{self.max_size_mb:g} MiB (the smallest has {smallest:.3g})")
        if self.max_operations is not None:
            fewest = min(map(operations, results))
            said.append(f"{self.max_operations:g} operations a row (the fewest are {fewest:g})")
        return f"no model is within {' and '.join(said)}; allow more"


NO_LIMITS = ServingLimits()


def row_ms(result: TrialResult) -> float:
    """Return the milliseconds that one model of a trial needs for a row; infinity if unknown."""
    known = result.row_ms if result.row_ms is not None else result.predict_ms_per_row
    return float("inf") if known is None else known


def size_mb(result: TrialResult) -> float:
    """Return the size of one model of a trial in MiB; infinity if unknown."""
    return float("inf") if result.size_mb is None else result.size_mb


def operations(result: TrialResult) -> float:
    """Return the operations of one model of a trial for a row; infinity if unknown."""
    return float("inf") if result.operations is None else float(result.operations)


COSTS: Mapping[str, Callable[[TrialResult], float]] = {
    "latency": row_ms,
    "size": size_mb,
    "operations": operations,
}
"""What may be wanted small of a model, and its value for one model of a trial."""


def pareto(
    results: Sequence[TrialResult],
    gain: Callable[[TrialResult], float],
    costs: Sequence[str] = ("latency", "size"),
) -> tuple[TrialResult, ...]:
    """Return the Pareto-optimal trials by score and costs, best score first.

    Parameters
    ----------
    results : sequence of TrialResult
        Trials with a score.
    gain : callable
        Returns the score of a trial, turned so that larger is better.
    costs : sequence of str
        Names of `COSTS`; a trial is dominated if another one is as good in all of them.
    """
    return tuple(
        undominated(
            sorted(results, key=lambda each: each.trial.number),
            lambda each: (-gain(each), *(COSTS[name](each) for name in costs)),
        )
    )


def undominated(
    models: Iterable[Model], losses: Callable[[Model], tuple[float, ...]]
) -> list[Model]:
    """Return the models that no other one equals or beats in everything, least first loss first.

    Parameters
    ----------
    models : iterable
        The models; of those with the same losses the first is kept.
    losses : callable
        Returns what is to be small of a model.
    """
    found: list[tuple[Model, tuple[float, ...]]] = []
    # Whatever dominates a model comes before it in the order of losses.
    for model, mine in sorted(((each, losses(each)) for each in models), key=lambda pair: pair[1]):
        if not any(all(a <= b for a, b in zip(o, mine, strict=True)) for _, o in found):
            found.append((model, mine))
    return [model for model, _ in found]
