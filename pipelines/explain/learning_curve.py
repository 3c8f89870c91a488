"""Whether more rows would help: one member, trained on ever larger parts of the rows."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import generator
from espalier.pipelines.serving.model import EnsembleModel

SHARES = (0.125, 0.25, 0.5, 1.0)
FEWEST_ROWS = 20
"""Rows of the smallest part that is trained on."""
STILL_RISING = 0.2
"""Share of all that three doublings gained, from which the last one is called worth it."""
# A fit on twice the rows may take a little more than twice as long.
_GROWTH = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningCurve:
    """Scores of one member on unseen rows by the number of rows that it learnt from.

    Attributes
    ----------
    family : str
        Its model family.
    points : tuple of (n_rows, score)
        The fewest rows first.
    higher_is_better : bool
        Direction of the metric.
    """

    family: str
    points: tuple[tuple[int, float], ...]
    higher_is_better: bool

    @property
    def last_gain(self) -> float:
        """By how much the last doubling of the rows was better; negative if it was worse."""
        return self._gain(-2)

    @property
    def worth_more_rows(self) -> bool:
        """Whether the curve still rises at its end."""
        gained = self._gain(0)
        return gained > 0 and self.last_gain >= STILL_RISING * gained

    def _gain(self, place: int) -> float:
        """Return by how much the last point is better than another one."""
        gained = self.points[-1][1] - self.points[place][1]
        return gained if self.higher_is_better else -gained


def learning_curve(
    model: EnsembleModel,
    search: Dataset,
    table: pd.DataFrame,
    y: NDArray[np.int64] | NDArray[np.float64],
    *,
    metric: Metric,
    seed: int,
    deadline: Deadline,
) -> LearningCurve | None:
    """Train the heaviest member that there is time for on parts of the rows, and score it.

    Parameters
    ----------
    model : EnsembleModel
        The model.
    search : Dataset
        The rows that its members learnt from. Parts are drawn at random, or are the newest rows
        where the rows have times.
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows that it has not seen.
    y : array, shape (n_rows,)
        Their class codes or values.
    metric : Metric
        The metric of the scores.
    seed : int
        Draws the parts.
    deadline : Deadline
        When to be done; the next part is begun only if it is likely to be done by then.

    Returns
    -------
    LearningCurve or None
        None with fewer than three points, or where the model cannot be taken apart.
    """
    sizes = [round(share * len(search)) for share in SHARES]
    if sizes[0] < FEWEST_ROWS or len(table) == 0:
        return None
    prepared = model.preparation.apply(table)
    if search.times is not None:
        order = np.argsort(-search.times, kind="stable")
    else:
        order = generator(seed, "explain", "learning curve").permutation(len(search))
    members = sorted(model.members, key=lambda each: -model.weights[each.number])
    for member in members:
        candidate = member.candidates[0]
        points: list[tuple[int, float]] = []
        for size in sizes:
            before = deadline.seconds_left
            made = _fitted(candidate, search.take(np.sort(order[:size])), deadline)
            if made is None:
                break
            points.append((size, score_predictions(metric, y, made.predict_scores(prepared), None)))
            spent = before - deadline.seconds_left if deadline.at is not None else 0.0
            if size != sizes[-1] and _GROWTH * spent > deadline.seconds_left:
                break
        # Halves of the rows tell something; a member that got no further is left for a quicker one.
        if len(points) >= 3:
            return LearningCurve(
                family=member.family,
                points=tuple(points),
                higher_is_better=metric.higher_is_better,
            )
        if deadline.passed:
            break
    return None


def _fitted(candidate: Candidate, rows: Dataset, deadline: Deadline) -> Candidate | None:
    """Return the same configuration fitted to these rows; None where that is not possible."""
    if type(candidate) is not Candidate or deadline.passed:
        return None
    fresh = Candidate(
        candidate.configuration,
        candidate.learner,
        candidate.roles,
        rows.shape,
        candidate.seed,
        objective=candidate.objective,
    )
    try:
        return fresh.fit(
            rows.X, rows.y, rows.sample_weight, rows.groups, rows.times, deadline=deadline
        )
    except TimeoutError:
        return None
