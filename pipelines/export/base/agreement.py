"""Whether an exported file answers as its model does; otherwise it is no export.

A probability may differ by `TOLERANCE`. A predicted value may differ by as much of the range of the
model's own answers, and, since members sum in single precision, by a tenth of that of the largest
one. Labels must be the same, all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.preprocessing.rows import PreparedRows
from espalier.pipelines.serving.model import EnsembleModel

TOLERANCE = 1e-5
_OF_LARGEST = 1e-6
# Of so few rows more are made, by mixing their cells.
_FEW_ROWS, _MIXED_ROWS = 64, 128
_MIXING_SEED = 20_26
_GAPS = 0.1

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a file answers.

    Attributes
    ----------
    scores : array, shape (n_rows, K) or (n_rows,)
        Probabilities or values.
    labels : array or None, shape (n_rows,)
        Codes of the labels; None in a regression.
    bounds : array or None, shape (n_rows, 2)
        Bounds of the prediction intervals; None without any.
    members : mapping of str to array
        Scores of each member, by its name; empty where the file does not tell.
    """

    scores: Floats
    labels: NDArray[np.int64] | None
    bounds: Floats | None
    members: Mapping[str, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The answers of a file beside those of the model.

    Attributes
    ----------
    n_rows : int
        Rows that both were asked.
    largest : float
        Largest difference of a probability, a value or a bound of its interval.
    allowed : float
        The difference that is allowed.
    n_labels : int
        Rows with another label.
    culprit : str
        The member that differs most, if one does by more than is allowed; empty otherwise.
    """

    n_rows: int
    largest: float
    allowed: float
    n_labels: int
    culprit: str = ""

    @property
    def holds(self) -> bool:
        """Whether the file answers as the model does."""
        return self.n_labels == 0 and self.largest <= self.allowed

    @property
    def text(self) -> str:
        """The agreement in a few words."""
        labels = f", {self.n_labels} labels differ" if self.n_labels else ""
        return f"largest difference {self.largest:.2g} on {self.n_rows} rows{labels}"


def agreement(
    model: EnsembleModel, prepared: pd.DataFrame, answers: Answers, *, coverage: float
) -> Agreement:
    """Compare a file with its model.

    Parameters
    ----------
    model : EnsembleModel
        The model.
    prepared : DataFrame
        The rows, prepared.
    answers : Answers
        What the file made of them.
    coverage : float
        Of its prediction intervals.
    """
    expected, spread = model.answer_prepared(PreparedRows(prepared))
    largest, allowed = _differs(expected, answers.scores), _allowed(expected)
    if answers.bounds is not None:
        largest = max(largest, _differs(_bounds(model, expected, spread, coverage), answers.bounds))
    n_labels = 0
    if answers.labels is not None:
        n_labels = int((model.codes(expected) != answers.labels).sum())
    culprit = ""
    if n_labels or not largest <= allowed:
        culprit = _culprit(model, prepared, answers)
    return Agreement(
        n_rows=len(prepared),
        largest=largest,
        allowed=allowed,
        n_labels=n_labels,
        culprit=culprit,
    )


def rows_to_try(model: EnsembleModel, rows: pd.DataFrame | None) -> pd.DataFrame:
    """Return prepared rows to compare on: those given, else the model's example rows.

    Where they are few, further ones are mixed from their cells, with gaps.
    """
    raw = model.example if rows is None else rows
    if raw is None or raw.empty:
        raise ValueError("there are no rows to compare the exported file with the model on")
    prepared = model.preparation.apply(raw)
    if len(prepared) > _FEW_ROWS:
        return prepared
    rng = np.random.default_rng(_MIXING_SEED)
    mixed = {}
    for name in prepared.columns:
        cells = prepared[name].take(rng.integers(0, len(prepared), _MIXED_ROWS))
        mixed[name] = cells.reset_index(drop=True).mask(rng.random(_MIXED_ROWS) < _GAPS)
    both = [prepared, pd.DataFrame(mixed).astype(prepared.dtypes.to_dict())]
    return pd.concat(both, ignore_index=True)


def _bounds(model: EnsembleModel, values: Floats, spread: Floats, coverage: float) -> Floats:
    """Return the bounds of the model's prediction intervals, shape (n_rows, 2)."""
    intervals = model.adjustments.intervals
    assert intervals is not None  # the file has bounds only if the model has
    bounds = intervals.bounds(values, spread, coverage)
    return np.column_stack([model.adjustments.above_floor(each) for each in bounds])


def _differs(expected: Floats, found: Floats) -> float:
    if expected.shape != found.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        apart = np.abs(expected - found)
    # Infinite bounds are the same if they are equal.
    apart = np.where((expected == found) | (np.isnan(expected) & np.isnan(found)), 0.0, apart)
    return float(np.nan_to_num(apart, nan=np.inf).max(initial=0.0))


def _allowed(expected: Floats) -> float:
    if expected.ndim == 2:
        return TOLERANCE
    return float(TOLERANCE * np.ptp(expected) + _OF_LARGEST * np.abs(expected).max())


def _culprit(model: EnsembleModel, prepared: pd.DataFrame, answers: Answers) -> str:
    """Return the name of the member that differs most beyond what is allowed."""
    worst, culprit = 1.0, ""
    for member, (name, found) in zip(model.members, answers.members.items(), strict=False):
        expected = np.asarray(member.predict_scores(prepared), dtype=np.float64)
        share = _differs(expected, found.reshape(expected.shape)) / max(_allowed(expected), 1e-300)
        if share > worst:
            worst, culprit = share, name
    return culprit
