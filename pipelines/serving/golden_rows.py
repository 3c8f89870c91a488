"""Golden rows: a few raw rows with the model's answers, by which it is recognised later.

Answers of another machine, or of another number of threads, differ in rounding; those of a model
that other package versions read differently differ by more. What is forgiven:

- A probability may differ by `PROBABILITY_RTOL` of itself and `PROBABILITY_ATOL`.
- A predicted value may differ by `VALUE_SHARE` of what matters in it: the range of the golden
  answers or, if larger, half of the model's 50 % prediction interval. To this `FLOAT32_RTOL` of
  the largest answer is added, since many learners compute in single precision (2 ** -24 is 6e-8 of
  a number, and errors of a thousand sums add up). A share of the value itself would forgive
  everything where values are far from zero, such as years.
- A label must be the same. Rows whose likeliest classes are that close that rounding decides are
  not taken as golden rows.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.serving.model import EnsembleModel

GOLDEN_ROWS = 8
PROBABILITY_RTOL, PROBABILITY_ATOL = 1e-3, 1e-4
VALUE_SHARE = 1e-3
FLOAT32_RTOL = 1e-5
# Coverage of the interval that measures what matters in a value.
_TYPICAL = 0.5
# Of so many rows the golden ones are chosen.
_LOOKED_AT = 4 * GOLDEN_ROWS

Floats = NDArray[np.float64]


class Answers(StrEnum):
    """What came of asking a model its golden rows again."""

    SAME = "same"
    DIFFERENT = "different"
    FAILED = "failed"
    UNTRIED = "untried"  # it was saved without rows


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenCheck:
    """The answers of a model to its golden rows, beside those of when it was saved.

    Attributes
    ----------
    answers : Answers
        Whether they are the same.
    n_rows : int
        Number of golden rows.
    n_labels : int
        Rows whose label is another one now; 0 in a regression.
    largest : float
        Largest difference of a probability or value; 0 if the model could not answer.
    error : str
        Why the model could not answer; empty if it could.
    """

    answers: Answers
    n_rows: int = 0
    n_labels: int = 0
    largest: float = 0.0
    error: str = ""

    @property
    def is_trusted(self) -> bool:
        """Whether nothing speaks against the model."""
        return self.answers in (Answers.SAME, Answers.UNTRIED)

    @property
    def text(self) -> str:
        """The result in a few words, for a table or the end of a sentence."""
        if self.answers is Answers.UNTRIED:
            return "it was saved without rows to try"
        if self.answers is Answers.FAILED:
            return self.error
        if self.answers is Answers.SAME:
            return f"{self.n_rows} rows answered as before"
        labels = f"{self.n_labels} of {self.n_rows} labels differ, " if self.n_labels else ""
        return f"{labels}answers differ by up to {self.largest:.3g}"


def choose_golden(
    model: EnsembleModel, rows: pd.DataFrame | None
) -> tuple[pd.DataFrame | None, Floats | None]:
    """Return the golden rows out of ``rows``, and the model's answers to them.

    Rows that rounding could give another label are passed over, unless all are like that.
    """
    if rows is None or rows.empty:
        return None, None
    looked_at = rows.head(_LOOKED_AT).reset_index(drop=True)
    answers = model.predict_scores(looked_at)
    clear = np.flatnonzero(_is_clear(model, answers))[:GOLDEN_ROWS]
    taken = clear if clear.size else np.arange(min(GOLDEN_ROWS, len(looked_at)))
    return looked_at.iloc[taken].reset_index(drop=True), answers[taken]


def check_golden(model: EnsembleModel, rows: pd.DataFrame | None, then: Any) -> GoldenCheck:
    """Ask a model its golden rows again.

    Parameters
    ----------
    model : EnsembleModel
        The model.
    rows : DataFrame or None
        The golden rows; None if it was saved without any.
    then : array, shape (n_rows, K) or (n_rows,)
        Its answers when it was saved: probabilities or values.
    """
    if rows is None:
        return GoldenCheck(answers=Answers.UNTRIED)
    n_rows = len(rows)
    try:
        now = model.predict_scores(rows)
    except Exception as error:  # whatever fails here will fail on the user's rows too
        said = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return GoldenCheck(answers=Answers.FAILED, n_rows=n_rows, error=said[:500])
    then = np.asarray(then, dtype=float)
    if now.shape != then.shape:
        said = f"answers of shape {then.shape} have the shape {now.shape} now"
        return GoldenCheck(answers=Answers.FAILED, n_rows=n_rows, error=said)
    n_labels = 0 if model.classes is None else int((model.codes(now) != model.codes(then)).sum())
    both_missing = np.isnan(now) & np.isnan(then)
    apart = np.where(both_missing, 0.0, np.abs(now - then))
    is_close = apart <= _forgiven(model, rows, then)  # False for what is missing in one of them
    same = bool(is_close.all()) and n_labels == 0
    finite = apart[np.isfinite(apart)]
    return GoldenCheck(
        answers=Answers.SAME if same else Answers.DIFFERENT,
        n_rows=n_rows,
        n_labels=n_labels,
        largest=float(finite.max()) if finite.size else float("inf"),
    )


def _forgiven(model: EnsembleModel, rows: pd.DataFrame, then: Floats) -> Floats:
    """Return how far each answer may be from the one of before, in the shape of the answers."""
    if model.classes is not None:
        return PROBABILITY_ATOL + PROBABILITY_RTOL * np.abs(then)
    known = then[np.isfinite(then)]
    if not known.size:
        return np.zeros_like(then)
    matters = max(float(np.ptp(known)), _half_interval(model, rows))
    return np.full(then.shape, VALUE_SHARE * matters + FLOAT32_RTOL * float(np.abs(known).max()))


def _half_interval(model: EnsembleModel, rows: pd.DataFrame) -> float:
    """Return half of the median width of the model's 50 % intervals; 0 if it has none."""
    if model.adjustments.intervals is None:
        return 0.0
    _, lower, upper = model.predict_interval(rows, _TYPICAL)
    width = float(np.median(upper - lower))
    return width / 2.0 if np.isfinite(width) else 0.0


def _is_clear(model: EnsembleModel, answers: Floats) -> NDArray[np.bool_]:
    """Return which rows have a label that rounding cannot change; all of a regression have."""
    if model.classes is None:
        return np.ones(len(answers), dtype=bool)
    near = 2.0 * (PROBABILITY_ATOL + PROBABILITY_RTOL)
    if model.adjustments.threshold is not None:
        return np.asarray(np.abs(answers[:, 1] - model.adjustments.threshold) > near)
    if answers.shape[1] < 2:
        return np.ones(len(answers), dtype=bool)
    ordered = np.sort(answers, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2] > near)
