"""Families that experience has no trial of, and the ones whose defaults stand for them."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.experience.transfer.transfer_process import ProcessExperience
from espalier.pipelines.space.joint import SearchSpace

Array = NDArray[np.float64]

_FAMILY = "family="


class Unrecorded:
    """Expects of a family without a record what the default of a similar family scores.

    Far from all records the predictor expects the middle of all scores, of every family alike. Of
    a new family more is known than that: which one it `Learner.resembles`.

    Parameters
    ----------
    space : SearchSpace
        The run's space.
    relatives : tuple of (family, relative)
        Families without a record, and the recorded one that each resembles; all in the space.
    """

    def __init__(self, space: SearchSpace, relatives: tuple[tuple[str, str], ...]) -> None:
        self.relatives = relatives
        place = {name: at for at, name in enumerate(space.coordinates)}
        self._columns = [place[_FAMILY + family] for family, _ in relatives]
        self._rows = space.encode([space.default(relative) for _, relative in relatives])

    @classmethod
    def of(cls, space: SearchSpace, predictor: ProcessExperience) -> Self:
        """Return those of a run's space that a fitted predictor has no trial of."""
        recorded = {
            name.removeprefix(_FAMILY)
            for name, column in zip(predictor.coordinates, predictor.landmarks.T, strict=True)
            if name.startswith(_FAMILY) and column.max() > 0
        }
        return cls(
            space,
            tuple(
                (each.name, each.resembles)
                for each in space.learners
                if each.name not in recorded
                and each.resembles in recorded.intersection(space.families)
            ),
        )

    def stand_ins(self, X: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Return configurations with the relatives' defaults in place of unrecorded ones.

        Parameters
        ----------
        X : array, shape (n, d)
            Encoded in the run's space.

        Returns
        -------
        X : array, shape (n, d)
            The same, but for rows of a family without a record.
        replaced : array of bool, shape (n,)
            Which rows these are.
        """
        found, replaced = X, np.zeros(len(X), dtype=bool)
        for column, row in zip(self._columns, self._rows, strict=True):
            of_family = X[:, column] > 0
            if of_family.any():
                found = np.where(of_family[:, None], row, found)
                replaced |= of_family
        return found, replaced
