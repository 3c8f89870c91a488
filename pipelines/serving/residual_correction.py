"""Correct an ensemble's predictions by residual members, in link space."""

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
    """Regressors fitted to an ensemble's residual, with the factor by which each is added.

    Attributes
    ----------
    members : tuple of Member
        They predict values, shape (n_rows,); their numbers are those of the search on the residual.
    steps : tuple of float
        The factor of each member's predictions.
    problem : ProblemKind
        Binary or regression.
    floor : float
        Smallest probability in link space.
    sees_answers : bool
        Whether the predictions of the ensemble's members are among their features.
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
        """Return the ensemble's corrected predictions, in the shape of ``combined``.

        Parameters
        ----------
        combined : array, shape (n_rows, 2) or (n_rows,)
            Predictions of the ensemble.
        X : DataFrame or PreparedRows
            The prepared rows.
        answers : sequence of array
            Predictions of each of its members.
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
    """Return the features with one more column per member: its predictions in link space.

    Parameters
    ----------
    X : DataFrame, shape (n_rows, n_columns)
        Prepared features.
    answers : sequence of array, shape (n_rows, 2) or (n_rows,)
        Predictions of the members, in their order.
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
