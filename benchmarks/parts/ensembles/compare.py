"""Combiners on one recorded library: what each loses on rows that nothing has seen."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from parts.ensembles.library import RecordedLibrary, metric_of, read_library

from espalier.pipelines.calibration.fit_adjustments import fit_adjustments
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.ensemble.choose import (
    FITTING_CELLS,
    EnsembleChoice,
    choose_ensemble,
)
from espalier.pipelines.ensemble.combination import Combination
from espalier.pipelines.ensemble.combiners import COMBINERS, SINGLE, Combiner, CombinerSettings
from espalier.pipelines.ensemble.library import build_library

SHIPPED, CALIBRATED, BAGGED = "shipped", "shipped, calibrated", "shipped, bagged"
SMALLEST = 1e-7
LEAST_LOSS = 1e-3
"""Changes are in parts of the best single model's loss, or of this where that is next to none."""
MAX_MEMBERS = 12
SEED = 0
_SHOWN = 5

Predictions = Mapping[int, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What came of one library.

    Attributes
    ----------
    name : str
        Table and fold.
    losses : dict of str to float
        Test loss by combiner: log loss, or squared error in units of the target's variance.
    error : float
        Standard error, over the test rows, of what the shipped choice loses beside the best single
        model: which tests of a few hundred rows could not tell apart.
    method : str
        Which combiner shipped.
    n_members : int
        Of the shipped choice.
    row_ms : float
        One prepared row through the refitted members, one after the other.
    """

    name: str
    losses: dict[str, float]
    error: float
    method: str
    n_members: int
    row_ms: float


def compare(place: Path, which: str, combiners: Sequence[Combiner] = COMBINERS) -> Compared:
    """Return how the combiners do on the library in a folder."""
    recorded = read_library(place, which)
    train = recorded.train
    metric = metric_of(train, which)
    losses: dict[str, float] = {}
    library = build_library(
        recorded.results,
        recorded.out_of_fold,
        dataset=train,
        metric=metric,
        cap=40,
        max_rows=FITTING_CELLS,
        seed=SEED,
    )
    settings = CombinerSettings(metric=metric, max_members=MAX_MEMBERS, seed=SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for combiner in combiners:
            rule = combiner.fit(library, settings)
            of_rows = _row_losses(recorded, rule, library.numbers, recorded.refitted)
            losses[combiner.name] = float(of_rows.mean())
            if combiner.name == SINGLE.name:
                single = of_rows
        choice = choose_ensemble(
            recorded.results,
            recorded.out_of_fold,
            dataset=train,
            metric=metric,
            seed=SEED,
            combiners=combiners,
        )
    numbers = [number for number, _ in choice.members]
    shipped = _row_losses(recorded, choice.rule, numbers, recorded.refitted)
    losses[SHIPPED] = float(shipped.mean())
    losses[BAGGED] = float(_row_losses(recorded, choice.rule, numbers, recorded.bagged).mean())
    losses[CALIBRATED] = _calibrated(recorded, choice, metric)
    return Compared(
        name=place.name,
        losses=losses,
        error=float((shipped - single).std(ddof=1) / np.sqrt(len(shipped))),
        method=choice.method,
        n_members=len(numbers),
        row_ms=sum(recorded.row_ms[number] for number in numbers),
    )


def row_losses(test: Dataset, predictions: NDArray[Any]) -> NDArray[np.float64]:
    """Return the log loss of each row, or its squared error in units of the target's variance."""
    if test.problem.is_classification:
        true = np.clip(predictions[np.arange(len(test)), test.y].astype(np.float64), SMALLEST, 1.0)
        return np.asarray(-np.log(true))
    errors = test.y - predictions.astype(np.float64)
    return np.asarray(errors**2 / max(float(np.var(test.y)), 1e-300))


def test_loss(test: Dataset, predictions: NDArray[Any]) -> float:
    """Return the mean of `row_losses`."""
    return float(row_losses(test, predictions).mean())


def _row_losses(
    recorded: RecordedLibrary, rule: Combination, numbers: Sequence[int], answers: Predictions
) -> NDArray[np.float64]:
    kept = [position for position, weight in enumerate(rule.weights) if weight > 0]
    combined = rule.keep(kept).apply([answers[numbers[position]] for position in kept])
    return row_losses(recorded.test, combined)


def _calibrated(recorded: RecordedLibrary, choice: EnsembleChoice, metric: Any) -> float:
    there: Any = [True for _ in choice.members]  # only whether a member has a model is asked
    adjusted = fit_adjustments(
        choice, there, recorded.out_of_fold, dataset=recorded.train, metric=metric, seed=SEED
    )
    answers = choice.rule.apply([recorded.refitted[number] for number, _ in choice.members])
    calibrator = adjusted.adjustments.calibrator
    return test_loss(recorded.test, answers if calibrator is None else calibrator.apply(answers))


def summary(compared: Sequence[Compared]) -> dict[str, Any]:
    """Return the figures over all libraries, JSON-ready.

    ``worst`` are the libraries on which the shipped choice does worst beside the best single model:
    the change, and its standard error over the test rows.
    """
    names = list(compared[0].losses)
    ranked = [name for name in names if name not in (CALIBRATED, BAGGED)]
    table = np.asarray([[each.losses[name] for name in names] for each in compared])
    single = table[:, [names.index(SINGLE.name)]]
    change = (table - single) / np.maximum(single, LEAST_LOSS)
    columns = [names.index(name) for name in ranked]
    ranks = np.asarray([_ranks(row[columns]) for row in table])
    shipped = change[:, names.index(SHIPPED)]
    errors = np.asarray([each.error for each in compared]) / np.maximum(single[:, 0], LEAST_LOSS)
    return {
        "n": len(compared),
        "mean_rank": dict(zip(ranked, ranks.mean(axis=0).round(3).tolist(), strict=True)),
        "loss_vs_best_single": dict(zip(names, change.mean(axis=0).round(4).tolist(), strict=True)),
        "worst_by_combiner": dict(zip(names, change.max(axis=0).round(4).tolist(), strict=True)),
        "worse_share": round(float((shipped > 1e-9).mean()), 4),
        "worst_loss": round(float(shipped.max()), 4),
        "worst": {
            compared[place].name: [round(float(shipped[place]), 4), round(float(errors[place]), 4)]
            for place in np.argsort(-shipped)[:_SHOWN]
        },
        "row_ms": round(float(np.median([each.row_ms for each in compared])), 2),
    }


def _ranks(values: NDArray[Any]) -> NDArray[Any]:
    """Return ranks from 1, equal ones sharing their mean."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(np.round(values, 12)))
