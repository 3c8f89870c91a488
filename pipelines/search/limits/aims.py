"""What a search aims at beside the score: costs that are known before training, and their limits.

A cost is known where it follows from the configuration, as the parameters and operations of a
network do. Then limits are filters: nothing beyond them is ever trained, and the front of score and
costs can be searched with only the score uncertain (`acquisition.front`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.trials.configuration import Configuration

Array = NDArray[np.float64]

_MOST = 3


class KnownCosts(Protocol):
    """Says what configurations cost, before they are trained."""

    def __call__(self, configurations: Sequence[Configuration], /) -> Array:
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
        Their values, in this order. With no ``costs`` it only says, by an infinite value, what
        cannot be built.
    limits : tuple of (float or None)
        Largest value of each cost, None for no limit; empty for no limits.

    Raises
    ------
    UserError
        There are more than three costs, or one twice.
    ValueError
        Costs have no values, or limits are not one a cost.
    """

    costs: tuple[str, ...] = ()
    known: KnownCosts | None = None
    limits: tuple[float | None, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.costs)) != len(self.costs) or len(self.costs) > _MOST:
            raise UserError(f"at most three different costs can be aims, not {self.costs}")
        if self.costs and self.known is None:
            raise ValueError(f"nothing says what {self.costs[0]!r} is; give known costs")
        if self.limits and len(self.limits) != len(self.costs):
            raise ValueError("give a limit, or None, for each cost")

    def within(self, configurations: Sequence[Configuration]) -> NDArray[np.bool_]:
        """Return which configurations can be built within the limits, shape (n,)."""
        if self.known is None or not configurations:
            return np.ones(len(configurations), dtype=bool)
        costs = self.known(configurations)
        fits = np.isfinite(costs).all(axis=1)
        if self.limits:
            most = [np.inf if limit is None else limit for limit in self.limits]
            fits &= (costs <= np.array(most)).all(axis=1)
        return np.asarray(fits)

    def of(self, configurations: Sequence[Configuration]) -> Array:
        """Return the costs of configurations, shape (n, k); none at all without ``costs``."""
        if self.known is None or not self.costs:
            return np.empty((len(configurations), 0))
        return self.known(configurations)


THE_SCORE = Aims()
"""The aims of a search for the best score alone."""
