"""Tune the decision threshold for metrics that score labels.

The threshold is kept apart from the probabilities. Only two classes have one, and by default it
is tuned only for metrics that score labels (`is_tuned_for`): for all others, such as the area
under the curve or the log loss, labels stay those of the likelier class, which is what a threshold
of 0.5 means. A metric that is best when a single row is called positive, or all of them
(`precision`, `recall`, likelihood ratios), says nothing about a threshold and leaves it at 0.5
too.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.calibration.reliability import row_weights
from espalier.pipelines.calibration.report import ThresholdChoice
from espalier.pipelines.ensemble.combination import Floats
from espalier.pipelines.ensemble.out_of_fold import OutOfFold
from espalier.pipelines.ensemble.row_blocks import row_blocks
from espalier.pipelines.errors import UserError
from espalier.pipelines.metrics.custom import OwnFunction
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import generator

Threshold = float | Literal["auto"] | None

BLOCKS = 5
# Thresholds that are tried: quantiles of the probabilities within each class.
GRID_A_CLASS = 16
# The curve of the metric is averaged over this many thresholds on either side, near ones more.
SMOOTHING = 2
BOOTSTRAP_SAMPLES = 30
FEWEST_OF_A_CLASS = 20
# Rows at most that a user's own function is given where it takes no weights.
OWN_METRIC_ROWS = 2_000
# These metrics ignore one of the two kinds of error.
ONE_SIDED = frozenset(
    {"precision", "recall", "positive_likelihood_ratio", "negative_likelihood_ratio"}
)


def check_threshold(threshold: Threshold, problem: ProblemKind) -> None:
    """Raise an error if a threshold is invalid for the problem.

    Raises
    ------
    UserError
        The threshold is not in (0, 1), or the problem does not have two classes.
    """
    if threshold is None or threshold == "auto":
        return
    if isinstance(threshold, str | bool) or not 0.0 < float(threshold) < 1.0:
        raise UserError(f'threshold must be "auto", None or between 0 and 1, not {threshold!r}')
    if problem is not ProblemKind.BINARY:
        raise UserError(
            f"a threshold needs two classes, but the problem is {problem}; leave it out"
        )


def is_tuned_for(metric: Metric, problem: ProblemKind) -> bool:
    """Whether ``threshold="auto"`` tunes the threshold for this metric."""
    return (
        problem is ProblemKind.BINARY and metric.needs == "labels" and metric.name not in ONE_SIDED
    )


def tune_threshold(
    rows: OutOfFold, metric: Metric, *, seed: int, deadline: Deadline = NEVER
) -> ThresholdChoice | None:
    """Return the best threshold for the metric; None if none is shown to be better than 0.5.

    Thresholds are cross-validated: each is tuned on four fifths of the rows, on a curve smoothed
    over neighbouring thresholds, and tested on the others. If the mean gain is more than a standard
    error (of whole groups where rows belong together), the result is the mean of their logits,
    shrunk towards 0.5 the more they differ: by the
    factor m^2 / (m^2 + v) with m the mean and v its jackknife variance.

    Parameters
    ----------
    rows : OutOfFold
        Out-of-fold predictions of two classes, calibrated as in the served model.
    metric : Metric
        One that `is_tuned_for` accepts.
    seed : int
        The run's seed.
    deadline : Deadline
        Once it has passed, the threshold is not tuned.
    """
    positive = rows.predictions[:, 1]
    if np.bincount(rows.y, minlength=2).min() < FEWEST_OF_A_CLASS or deadline.passed:
        return None
    grid = _grid(positive, rows.y)
    blocks = row_blocks(rows, BLOCKS, seed=seed + 3)
    cells = _Cells.of(positive, rows, grid, blocks)
    if len(cells.totals) < 2:
        return None
    found = []
    for block in range(len(cells.totals)):
        if deadline.passed:
            return None
        found.append(_best(cells.leaving_out(block), metric))
    middle = int(np.searchsorted(grid, 0.5))
    default = np.full(len(found), middle)
    tuned = np.asarray(found)
    before, after = cells.score(metric, default), cells.score(metric, tuned)
    if before is None or after is None:
        return None
    rng = generator(seed, "ensemble", "threshold")
    by_group = _group_counts(rows, (grid[default[blocks]], grid[tuned[blocks]]))
    gaps = []
    for _ in range(BOOTSTRAP_SAMPLES):
        if by_group is None:
            drawn = cells.drawn(default, tuned, rng)
        else:
            groups = rng.integers(0, len(by_group), size=len(by_group))
            drawn = tuple(by_group[groups].sum(axis=0))
        pair = [_score(metric, counts) for counts in drawn]
        if pair[0] is not None and pair[1] is not None:
            gaps.append(pair[1] - pair[0])
    error = float(np.std(gaps)) if gaps else float("inf")
    if by_group is not None:  # of few groups, samples vary less than groups do
        error *= float(np.sqrt(len(by_group) / (len(by_group) - 1)))
    if not after - before > error:
        return None
    return ThresholdChoice(
        value=_shrunk(np.log(grid[tuned] / (1.0 - grid[tuned]))),
        before=metric.sign * before,
        after=metric.sign * after,
        standard_error=error,
    )


def _group_counts(rows: OutOfFold, thresholds: tuple[Floats, Floats]) -> Floats | None:
    """Return each group's confusion counts at two thresholds per row, shape (groups, 2, 2, 2).

    None without groups.
    """
    if rows.groups is None:
        return None
    _, groups = np.unique(rows.groups, return_inverse=True)
    weight = len(rows) * row_weights(rows.sample_weight, len(rows))
    truth = rows.y.astype(np.int64)
    counts = np.zeros((int(groups.max()) + 1, 2, 2, 2))
    for which, threshold in enumerate(thresholds):
        called = (rows.predictions[:, 1] > threshold).astype(np.int64)
        cells: Any = (groups, which, truth, called)
        np.add.at(counts, cells, weight)
    return counts


def _grid(positive: Floats, y: NDArray[np.int64]) -> Floats:
    """Return the thresholds to try in increasing order, 0.5 among them."""
    shares = (np.arange(GRID_A_CLASS) + 0.5) / GRID_A_CLASS
    parts = [np.quantile(positive[y == code], shares) for code in (0, 1)]
    grid = np.unique(np.concatenate([*parts, [0.5]]))
    return np.asarray(grid[(grid > 1e-6) & (grid < 1.0 - 1e-6)])


def _shrunk(logits: Floats) -> float:
    mean = float(logits.mean())
    n = len(logits)
    variance = (n - 1) / n * float(((logits - mean) ** 2).sum())
    pulled = mean * (mean**2 / (mean**2 + variance)) if mean else 0.0
    return float(1.0 / (1.0 + np.exp(-pulled)))


@dataclass(frozen=True, slots=True)
class _Cells:
    """Confusion counts of every block at every threshold.

    A metric of labels needs only these counts: rows by true and predicted class.

    Attributes
    ----------
    called : array, shape (blocks, 2, thresholds)
        Number of rows of each true class that are predicted positive at a threshold.
    totals : array, shape (blocks, 2)
        Number of rows of each true class.
    """

    called: Floats
    totals: Floats

    @classmethod
    def of(
        cls, positive: Floats, rows: OutOfFold, grid: Floats, blocks: NDArray[np.int64]
    ) -> "_Cells":
        weight = len(rows) * row_weights(rows.sample_weight, len(rows))
        # The number of thresholds that a row's probability exceeds.
        above = np.searchsorted(grid, positive, side="left")
        counts = np.zeros((int(blocks.max()) + 1, 2, len(grid) + 1))
        np.add.at(counts, (blocks, rows.y, above), weight)
        upwards = counts[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
        return cls(upwards[:, :, 1:], upwards[:, :, 0])

    def leaving_out(self, block: int) -> Floats:
        """Return confusion counts of all other blocks, shape (2, 2, thresholds)."""
        others = np.arange(len(self.totals)) != block
        called, totals = self.called[others].sum(axis=0), self.totals[others].sum(axis=0)
        return np.stack([totals[:, None] - called, called], axis=1)

    def at(self, thresholds: NDArray[np.int64]) -> Floats:
        """Return each block's confusion counts at its own threshold, shape (blocks, 2, 2)."""
        called = self.called[np.arange(len(self.totals)), :, thresholds]
        return np.stack([self.totals - called, called], axis=2)

    def score(self, metric: Metric, thresholds: NDArray[np.int64]) -> float | None:
        """Return the metric over all rows, each block at its own threshold."""
        return _score(metric, self.at(thresholds).sum(axis=0))

    def drawn(
        self, first: NDArray[np.int64], second: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Return confusion counts at two thresholds per block, on one bootstrap sample of rows."""
        low, high = np.minimum(first, second), np.maximum(first, second)
        block = np.arange(len(self.totals))
        over, under = self.called[block, :, high], self.totals - self.called[block, :, low]
        between = self.totals - over - under
        shares = np.stack([under, between, over], axis=2)
        n_rows = shares.sum()
        counts = rng.multinomial(round(n_rows), (shares / n_rows).ravel()).reshape(shares.shape)
        total = counts.sum(axis=2)
        at_low, at_high = counts[:, :, 1] + counts[:, :, 2], counts[:, :, 2]
        pair = []
        for chosen in (first, second):
            called = np.where((chosen == low)[:, None], at_low, at_high)
            pair.append(np.stack([total - called, called], axis=2).sum(axis=0).astype(np.float64))
        return pair[0], pair[1]


def _best(counts: Floats, metric: Metric) -> int:
    """Return the position of the best threshold on the smoothed curve."""
    scores = [_score(metric, counts[:, :, position]) for position in range(counts.shape[2])]
    curve = np.asarray([-np.inf if score is None else score for score in scores])
    lowest = np.min(curve[np.isfinite(curve)], initial=0.0)
    curve = np.where(np.isfinite(curve), curve, lowest)
    kernel = np.append(np.arange(1, SMOOTHING + 1), np.arange(SMOOTHING + 1, 0, -1)).astype(float)
    padded = np.pad(curve, SMOOTHING, mode="edge")
    return int(np.argmax(np.convolve(padded, kernel / kernel.sum(), mode="valid")))


_TRUE, _CALLED = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])


def _score(metric: Metric, counts: Floats) -> float | None:
    """Return the metric of confusion counts, larger is better; None if undefined."""
    weight = np.asarray(counts, dtype=np.float64).ravel()
    y, called = _TRUE, _CALLED
    if isinstance(metric.function, OwnFunction) and not metric.function.takes_weight:
        scale = min(1.0, OWN_METRIC_ROWS / weight.sum())
        times = np.round(scale * weight).astype(np.int64)
        y, called, weight = np.repeat(y, times), np.repeat(called, times), np.ones(times.sum())
    there = weight > 0
    try:
        answers = np.column_stack([1.0 - called[there], called[there]])
        return metric.sign * score_predictions(metric, y[there], answers, weight[there])
    except ValueError:
        return None
