"""The library of a forecast: what every trial forecast at every origin, in comparable units.

Symbols, here and in the files beside it
    k   trials
    W   origins
    S   series
    H   steps
    B   blocks of the horizon

Units: a value is shown less the base forecast (seasonal naive), divided by its series' scale. A
weight that is taken away then goes to the base, and series of any size count alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.ensemble.library import Library
from espalier.pipelines.metrics.objective import ABSOLUTE_ERROR, SQUARED_ERROR
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.failures import SearchFailedError
from espalier.pipelines.trials.row_predictions import Predictions
from espalier.pipelines.trials.trial import TrialResult

Floats = NDArray[np.float64]

# Beyond so many units nothing is told by how much beyond.
_FARTHEST = 50.0
_SIMILAR = 0.9999


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ForecastRecords:
    """Forecasts of the best trials, best first, and what came.

    Attributes
    ----------
    numbers : tuple of int, length k
        Trial numbers.
    made : array, shape (k, W, S, H)
        Their forecasts, in units.
    actual : array, shape (W, S, H)
        What came, in units; NaN where nothing was observed or the series has no scale.
    families : tuple of str, length k
        Their families; empty where they are not told apart.
    loss : str
        ``mae`` or ``rmse``: what weights minimise.
    """

    numbers: tuple[int, ...]
    made: Floats = field(repr=False)
    actual: Floats = field(repr=False)
    families: tuple[str, ...] = ()
    loss: str = "mae"

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where there is something to compare with, shape (W, S, H)."""
        return np.isfinite(self.actual)

    def rows(self, cells: NDArray[np.bool_], most: int, rng: np.random.Generator) -> Library:
        """Return the observed rows of some cells, shape (W, S, H), as a library of regression.

        At most ``most`` rows, drawn at random.
        """
        places = np.flatnonzero((cells & self.known).ravel())
        if len(places) > most:
            places = np.sort(rng.choice(places, most, replace=False))
        made = self.made.reshape(len(self), -1)[:, places]
        return Library(
            numbers=self.numbers,
            predictions=made,
            link=made[:, :, None],
            y=self.actual.ravel()[places],
            sample_weight=None,
            problem=ProblemKind.REGRESSION,
            n_classes=1,
            floor=0.0,
            rows=places,
            objective=SQUARED_ERROR if self.loss == "rmse" else ABSOLUTE_ERROR,
        )


def forecast_records(
    results: Sequence[TrialResult],
    predictions: Mapping[int, Predictions],
    *,
    actual: Floats,
    base: Floats,
    scales: Floats,
    loss: str,
    cap: int,
) -> ForecastRecords:
    """Return the records of the successful trials, best first, without near-duplicates.

    Parameters
    ----------
    results : sequence of TrialResult
        All trials; a smaller score is better.
    predictions : mapping of int to array, shape (W * S * H,)
        Forecasts by trial number.
    actual, base : array, shape (W, S, H)
        What came, and the base forecasts.
    scales : array, shape (S,)
        Scale of each series; NaN where there is none.
    loss : str
        ``mae`` or ``rmse``.
    cap : int
        Largest number of trials: the best ones, and the best of each family.

    Raises
    ------
    SearchFailedError
        No trial succeeded.
    """
    usable = [
        each
        for each in results
        if each.succeeded and each.score is not None and each.trial.number in predictions
    ]
    if not usable:
        raise SearchFailedError("no trial succeeded, so there is nothing to build a model from")
    usable.sort(key=lambda each: (_finite(each.score), each.trial.number))
    shape, divisor = actual.shape, scales[None, :, None]
    chosen: list[TrialResult] = []
    kept: list[Floats] = []
    of_family: dict[str, int] = {}
    truth = (actual - base) / divisor
    known = np.isfinite(truth)
    for each in usable:
        family = each.trial.configuration.family
        if len(chosen) >= cap // 2 and of_family.get(family, 0) >= max(2, cap // 8):
            continue
        made = np.asarray(predictions[each.trial.number], dtype=np.float64).reshape(shape)
        units = np.clip(np.nan_to_num((made - base) / divisor), -_FARTHEST, _FARTHEST)
        if any(_alike(units[known], other[known]) for other in kept):
            continue
        chosen.append(each)
        kept.append(units)
        of_family[family] = of_family.get(family, 0) + 1
        if len(chosen) >= cap:
            break
    return ForecastRecords(
        numbers=tuple(each.trial.number for each in chosen),
        made=np.stack(kept),
        actual=np.clip(truth, -_FARTHEST, _FARTHEST),
        families=tuple(each.trial.configuration.family for each in chosen),
        loss=loss,
    )


def _finite(score: float | None) -> float:
    return float("inf") if score is None or not np.isfinite(score) else score


def _alike(one: Floats, other: Floats) -> bool:
    """Whether two forecasts are the same but for noise, of at most some thousand rows."""
    step = max(1, len(one) // 4000)
    a, b = one[::step], other[::step]
    away = float(((a - b) ** 2).sum())
    size = float((a**2).sum() + (b**2).sum())
    return away <= 2.0 * (1.0 - _SIMILAR) * size
