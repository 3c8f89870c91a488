"""What residual members add to an ensemble's answers, in link space."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.ensemble.combination import Floats, from_link, to_link
from espalier.pipelines.members.member import Member
from espalier.pipelines.preprocessing.rows import PreparedRows
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualCorrection:
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
    sees_answers : bool
        Whether they see what the ensemble's members answer, beside the features.
    """

    members: tuple[Member, ...]
    steps: tuple[float, ...]
    problem: ProblemKind
    floor: float
    sees_answers: bool = False

    __setstate__ = set_state_with_defaults

    def apply(
        self,
        combined: NDArray[Any],
        X: "pd.DataFrame | PreparedRows",
        answers: Sequence[NDArray[Any]],
    ) -> Floats:
        """Return the corrected answers of the ensemble, in the shape of ``combined``.

        Parameters
        ----------
        combined : array, shape (n_rows, 2) or (n_rows,)
            What the ensemble answers.
        X : DataFrame or PreparedRows
            The prepared rows.
        answers : sequence of array
            What each of its members does.
        """
        link = to_link(combined, self.problem, self.floor)
        if self.sees_answers:
            frame = PreparedRows.of(X).frame
            X = PreparedRows(with_answers(frame, answers, self.problem, self.floor))
        for member, step in zip(self.members, self.steps, strict=True):
            link[:, 0] += step * member.predict_scores(X)
        return from_link(link, self.problem)


def with_answers(
    X: pd.DataFrame, answers: Sequence[NDArray[Any]], problem: ProblemKind, floor: float
) -> pd.DataFrame:
    """Return features with a column for each member of an ensemble: its answer in link space.

    Parameters
    ----------
    X : DataFrame, shape (n_rows, n_columns)
        Prepared features.
    answers : sequence of array, shape (n_rows, 2) or (n_rows,)
        Of the members, in their order.
    problem : ProblemKind
        Binary or regression.
    floor : float
        Smallest probability in link space.
    """
    columns = {
        f"answer of member {place}, in link space": to_link(answer, problem, floor)[:, 0]
        for place, answer in enumerate(answers)
    }
    return pd.concat([X, pd.DataFrame(columns, index=X.index)], axis=1)
