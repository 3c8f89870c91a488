"""The answer for one row: what is predicted, how sure that is, and which columns speak for it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.flows.studio.predicting.opened import OpenedForRows
from espalier.pipelines.explain.effects.contributions import Contributions, explain_row

COVERAGE = 0.9
SHOWN_EFFECTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAnswer:
    """The answer for one row.

    Attributes
    ----------
    prediction : str
        The label or value.
    probabilities : tuple of (str, float)
        Probability of each class, the likeliest first; empty for numbers.
    interval : (float, float) or None
        Bounds that should contain the true value with a probability of `COVERAGE`; None for
        classes, and where there are none.
    explained : str
        What the effects are about: a class, or "the value".
    level : float
        The number that the effects add up to: a probability or the value.
    effects : Contributions or None
        What each column adds to ``level`` or takes from it; None where a row has pictures, which
        no other rows can stand in for.
    """

    prediction: str
    probabilities: tuple[tuple[str, float], ...]
    interval: tuple[float, float] | None
    explained: str
    level: float
    effects: Contributions | None

    def strength(self, effect: float) -> float:
        """Return an effect as a share of the largest one, for its bar."""
        effects = () if self.effects is None else self.effects.columns.values()
        most = max((abs(each) for each in effects), default=0.0)
        return abs(effect) / most if most > 0 else 0.0


def answer_row(opened: OpenedForRows, row: pd.DataFrame, *, explained: bool = True) -> RowAnswer:
    """Predict one row and explain the answer.

    Parameters
    ----------
    opened : OpenedForRows
        The model.
    row : DataFrame, shape (1, n_columns)
        The raw row.
    explained : bool
        Whether to say what each column adds.

    Raises
    ------
    UserError
        A cell cannot be read as its column's.
    """
    model = opened.model
    scores = model.predict_scores(row)
    if model.classes is None:
        return _of_number(opened, row, float(scores[0]), explained=explained)
    code = int(model.codes(scores)[0])
    order = np.argsort(-scores[0], kind="stable")
    label = str(model.classes[code])

    def probability(table: pd.DataFrame) -> NDArray[np.float64]:
        return np.asarray(model.predict_scores(table)[:, code], dtype=np.float64)

    return RowAnswer(
        prediction=label,
        probabilities=tuple((str(model.classes[at]), float(scores[0, at])) for at in order),
        interval=None,
        explained=label,
        level=float(scores[0, code]),
        effects=explain_row(probability, row, opened.rows) if explained else None,
    )


def _of_number(
    opened: OpenedForRows, row: pd.DataFrame, value: float, *, explained: bool
) -> RowAnswer:
    model, interval = opened.model, None
    if model.adjustments.intervals is not None:
        _, lower, upper = model.predict_interval(row, COVERAGE)
        if np.isfinite(lower[0]) and np.isfinite(upper[0]):
            interval = (float(lower[0]), float(upper[0]))
    return RowAnswer(
        prediction=f"{value:.6g}",
        probabilities=(),
        interval=interval,
        explained="the value",
        level=value,
        effects=explain_row(model.predict_scores, row, opened.rows) if explained else None,
    )
