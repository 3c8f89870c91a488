"""What a search aims at beside the score: costs of a model, their limits, and the front.

A cost is known before training where it follows from the configuration, as the size of a network
does (`Aims.known`); then limits are filters, and nothing beyond them is ever trained. Otherwise it
is measured with every trial, and predicted for what has not been tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.members.serving_limits import row_ms, size_mb
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import TrialResult

Array = NDArray[np.float64]

MEASURED = {"latency": row_ms, "size": size_mb}
"""Costs that every trial measures: milliseconds for a row, and MiB."""


class KnownCosts(Protocol):
    """Says what configurations cost, before they are trained."""

    def __call__(self, configurations: Sequence[Configuration]) -> Array:
        """Return the costs, shape (n, k), infinite for what cannot be built at all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Aims:
    """What a search aims at beside the score.

    Attributes
    ----------
    costs : tuple of str
        Names of the costs that are to be small, at most three; empty: the score alone.
    known : KnownCosts or None
        Their values before training, in this order; None: they are measured with each trial, and
        are among `MEASURED`. With no ``costs`` it only says, by an infinite value, what cannot be
        built.
    limits : tuple of (float or None)
        Largest value of each cost, None for no limit; empty for no limits.
    """

    costs: tuple[str, ...] = ()
    known: KnownCosts | None = None
    limits: tuple[float | None, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.costs)) != len(self.costs) or len(self.costs) > 3:
            raise UserError(f"at most three different costs can be aims, not {self.costs}")
        strange = [each for each in self.costs if self.known is None and each not in MEASURED]
        if strange:
            raise UserError(
                f"unknown objective {strange[0]!r}; choose from: score, {', '.join(MEASURED)}"
            )
        if self.limits and len(self.limits) != len(self.costs):
            raise ValueError("give a limit, or None, for each cost")

    def within(self, configurations: Sequence[Configuration]) -> NDArray[np.bool_]:
        """Return which configurations can be built within the limits, as far as known, (n,)."""
        if self.known is None or not configurations:
            return np.ones(len(configurations), dtype=bool)
        costs = self.known(configurations)
        most = [np.inf if limit is None else limit for limit in self.limits]
        over = costs > np.array(most) if most else np.zeros_like(costs, dtype=bool)
        return np.asarray(np.isfinite(costs).all(axis=1) & ~over.any(axis=1))

    def of_results(self, results: Sequence[TrialResult]) -> Array:
        """Return the costs of trials that have ended, shape (n, k); infinite where unknown."""
        if self.known is not None:
            return self.known([each.trial.configuration for each in results])
        measured = [[MEASURED[name](each) for name in self.costs] for each in results]
        return np.array(measured, dtype=np.float64).reshape(len(results), len(self.costs))


THE_SCORE = Aims()
"""The aims of a search for the best score alone."""
