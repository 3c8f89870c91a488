"""What residual members add to an ensemble's answers, in link space."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from pipelines.ensemble.combination import Floats, from_link, to_link
from pipelines.ensemble.member import Member
from pipelines.preprocessing.rows import PreparedRows
from pipelines.problem import ProblemKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Regressors of the residual, and how much of each is added.

    Attributes
    ----------
    members : tuple of Member
        They answer values, shape (n_rows,); their numbers are those of the residual's search.
    steps : tuple of float
        What their answers are multiplied with.
    problem : ProblemKind
        Binary or regression.
    floor : float
        Smallest probability in link space.
    """

    members: tuple[Member, ...]
    steps: tuple[float, ...]
    problem: ProblemKind
    floor: float

    def apply(self, answers: NDArray[Any], X: "pd.DataFrame | PreparedRows") -> Floats:
        """Return the corrected answers, in the shape of ``answers``, for prepared rows."""
        link = to_link(answers, self.problem, self.floor)
        for member, step in zip(self.members, self.steps, strict=True):
            link[:, 0] += step * member.predict_scores(X)
        return from_link(link, self.problem)
