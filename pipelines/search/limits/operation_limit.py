"""Bars configurations whose models take more operations than allowed, before they are trained."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.search.limits.aims import THE_SCORE, Aims
from espalier.pipelines.seeds import generator
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration

_DRAWS = 600


@dataclass(frozen=True, slots=True)
class OperationLimit:
    """Says of which configurations it is known that no model is within the limit.

    Attributes
    ----------
    space : SearchSpace
        The search space; its families say the fewest operations of a configuration.
    most : float
        The limit, in operations for a row.
    """

    space: SearchSpace
    most: float

    def __call__(self, configurations: Sequence[Configuration], /) -> NDArray[np.float64]:
        """Return infinity for what cannot be within the limit and 0 for the rest, shape (n, 1)."""
        fewest = least_operations(self.space, configurations)
        return np.where(fewest > self.most, np.inf, 0.0)[:, None]


def aims_within(space: SearchSpace, most: float | None) -> Aims:
    """Return the aims of a search for the best score with at most so many operations a row.

    Raises
    ------
    UserError
        The limit is below what the lightest model of every family takes.
    """
    if most is None:
        return THE_SCORE
    rng = generator(0, "operation limit")
    fewest = {
        family: least_operations(
            space, [space.default(family), *space.sample_family(family, _DRAWS, rng)]
        ).min()
        for family in space.families
    }
    lightest = min(fewest, key=lambda family: fewest[family])
    if fewest[lightest] > most:
        raise UserError(
            f"no model can be within {most:g} operations a row: the lightest of the families, "
            f"{lightest}, takes {fewest[lightest]:,.0f} at least; allow more, or other families"
        )
    return Aims(known=OperationLimit(space, most))


def least_operations(
    space: SearchSpace, configurations: Sequence[Configuration]
) -> NDArray[np.float64]:
    """Return the operations for a row that models take at least, 0 where unknown, shape (n,)."""
    known = {each.name: each.least_operations for each in space.learners}
    found = []
    for each in configurations:
        least = known.get(each.family)
        found.append(0.0 if least is None else float(least(each.model_values, space.shape)))
    return np.asarray(found, dtype=np.float64)
