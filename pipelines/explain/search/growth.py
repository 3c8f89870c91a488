"""How an ensemble grows: its score as members join, on out-of-fold rows.

Members join by weight, the heaviest first; those that have joined take over the weight of the
others. The rows are those of cross-validation, which the weights were fitted to, so the last score
may be a little better than the one that the combiner was chosen by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.seeds import drawn_rows
from espalier.pipelines.trials.row_predictions import Predictions, common_rows

MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthStage:
    """An ensemble with some of its members.

    Attributes
    ----------
    trial : int
        The member that joined last.
    share : float
        Its share of the weight in the whole ensemble.
    alone, together : float
        The metric of this member by itself, and of all members that have joined.
    """

    trial: int
    share: float
    alone: float
    together: float


def ensemble_growth(
    choice: EnsembleChoice,
    predictions: Mapping[int, Predictions],
    *,
    dataset: Dataset,
    metric: Metric,
    seed: int,
) -> tuple[GrowthStage, ...]:
    """Return the stages of an ensemble; none where it cannot be scored.

    Parameters
    ----------
    choice : EnsembleChoice
        The members, heaviest first, and how they are combined.
    predictions : mapping of int to array
        Out-of-fold predictions by trial number; every member's must be there.
    dataset : Dataset
        The search rows.
    metric : Metric
        The metric to score with.
    seed : int
        Draws a sample of more than `MOST_ROWS` rows.
    """
    numbers = [number for number, _ in choice.members]
    if any(number not in predictions for number in numbers):
        return ()
    rows = common_rows([predictions[number] for number in numbers])
    if not len(rows):
        return ()
    rows = rows[drawn_rows(len(rows), MOST_ROWS, seed=seed)]
    parts = [np.asarray(predictions[number][rows], dtype=np.float64) for number in numbers]
    y = dataset.y[rows]
    weight = None if dataset.sample_weight is None else dataset.sample_weight[rows]
    try:
        return tuple(
            GrowthStage(
                trial=number,
                share=choice.weights[number],
                alone=score_predictions(metric, y, parts[place], weight),
                together=score_predictions(
                    metric, y, _first(choice, parts, range(place + 1)), weight
                ),
            )
            for place, number in enumerate(numbers)
        )
    except ValueError:  # the metric is not defined on these rows, or takes no such answers
        return ()


def _first(choice: EnsembleChoice, parts: Sequence[np.ndarray], places: range) -> np.ndarray:
    return choice.rule.keep(list(places)).apply([parts[place] for place in places])
