"""Make the forecasts of a hierarchy add up.

Forecasts of a sum and of its parts, made one by one, do not agree. Those of the parts may be added
up (bottom-up), or all of them may be moved as little as it takes, where ``W`` says how far each may
be off (MinT: Wickramasuriya, Athanasopoulos, Hyndman 2019, *Optimal forecast reconciliation for
hierarchical and grouped time series through trace minimization*):

    y - W C' (C W C')^-1 C y

with one row of C for each sum: 1 for itself, -1 for each of its series. W is the number of series
in each sum, the variances of what forecasts missed at the origins, or their whole covariance,
shrunk as by Schäfer and Strimmer (2005). Which of these it is, is chosen by the errors at each
origin, of weights learned at the others.

Symbols: S series with their sums, A sums, W origins, H steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csr_array

from espalier.pipelines.ensemble.horizon.records import Floats
from espalier.pipelines.forecasting.input.hierarchy import Sums

BOTTOM_UP, STRUCTURAL, VARIANCES, COVARIANCE = "bottom-up", "structural", "variances", "MinT"
# Of a hierarchy with more sums, the series are added up: the others would take too long.
MOST_SUMS = 2_000
# Residuals and series that a covariance is learned from.
_MOST_RESIDUALS, _MOST_SERIES = 200, 400
_LEAST_RESIDUALS = 4
_SMALLEST = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reconciliation:
    """How forecasts are made to add up.

    Attributes
    ----------
    method : str
        ``bottom-up``, ``structural``, ``variances`` or ``MinT``.
    variances : dict of object to float
        Variance of each series' errors in units of its squared scale, by name.
    factors : dict of object to array, shape (T,)
        What errors of the series have in common, in units of its scale; empty but for ``MinT``.
    losses : dict of str to float
        Mean absolute scaled error of each method at the origins.
    """

    method: str
    variances: dict[object, float] = field(default_factory=dict, repr=False)
    factors: dict[object, Floats] = field(default_factory=dict, repr=False)
    losses: dict[str, float] = field(default_factory=dict)

    def adjust(
        self,
        made: Floats,
        sums: Sums,
        names: Sequence[object],
        scales: Floats,
        floor: float | None = None,
    ) -> Floats:
        """Return forecasts that add up, shape (S, H).

        Parameters
        ----------
        made : array, shape (S, H)
            Forecasts.
        sums : Sums
            Which rows are sums of which.
        names : sequence
            Names of the series; one that was never seen counts as a usual one.
        scales : array, shape (S,)
            Scale of each series.
        floor : float or None
            No series is forecast below it.
        """
        bottom = made[sums.bottom]
        if self.method != BOTTOM_UP and len(sums.above) <= MOST_SUMS:
            bottom = self._moved(made, sums, names, scales)
        if floor is not None:
            bottom = np.maximum(bottom, floor)
        return sums.add_up(bottom)

    def _moved(self, made: Floats, sums: Sums, names: Sequence[object], scales: Floats) -> Floats:
        """Return the least moved forecasts of the last level, (B, H)."""
        member = _matrix(sums)
        diagonal, common = self._weights(sums, names, scales)
        above, below = diagonal[sums.above], diagonal[sums.bottom]
        gap = made[sums.above] - member @ made[sums.bottom]
        weighted = member * below[None, :]  # A W
        gram = np.diag(above) + (weighted @ member.T).toarray()
        shared = common[sums.above] - member @ common[sums.bottom]
        gram += shared @ shared.T
        size = max(float(np.trace(gram)) / max(len(gram), 1), 1e-300)
        solved = np.linalg.solve(gram + 1e-10 * size * np.eye(len(gram)), gap)
        moved = made[sums.bottom] + weighted.T @ solved
        return np.asarray(moved - common[sums.bottom] @ (shared.T @ solved))

    def _weights(
        self, sums: Sums, names: Sequence[object], scales: Floats
    ) -> tuple[Floats, Floats]:
        """Return W as a diagonal (S,) and factors (S, T): W = diag + factors factors'."""
        n = len(names)
        if self.method == STRUCTURAL:
            diagonal = np.ones(n)
            diagonal[sums.above] = [max(len(each), 1) for each in sums.members]
            return diagonal, np.zeros((n, 0))
        usual = float(np.median(list(self.variances.values()))) if self.variances else 1.0
        relative = np.array([self.variances.get(name, usual) for name in names])
        diagonal = np.maximum(relative, _SMALLEST) * scales**2
        width = max((len(each) for each in self.factors.values()), default=0)
        nothing = np.zeros(width)
        common = np.stack([self.factors.get(name, nothing) for name in names])
        return diagonal, common * scales[:, None]


def choose_reconciliation(
    made: Floats,
    actual: Floats,
    scales: Floats,
    sums: Sums,
    names: Sequence[object],
    floor: float | None = None,
) -> tuple[Reconciliation, Floats]:
    """Return the way that errs least at the origins, and the forecasts there as it makes them.

    Parameters
    ----------
    made, actual : array, shape (W, S, H)
        Forecasts at the origins, and what came, NaN where nothing did.
    scales : array, shape (W, S)
        Scale of each series at each origin.
    sums : Sums
        Which series are sums of which.
    names : sequence
        Names of the series.
    floor : float or None
        No series is forecast below it.

    Notes
    -----
    At an origin, weights that are learned come from the others. With a single origin only those
    that need no learning are compared.
    """
    n_origins = len(made)
    residuals = (actual - made) / scales[:, :, None]
    methods = [BOTTOM_UP]
    if len(sums.above) <= MOST_SUMS:
        methods += [STRUCTURAL, VARIANCES, COVARIANCE] if n_origins > 1 else [STRUCTURAL]
    found: dict[str, Floats] = {}
    losses: dict[str, float] = {}
    for method in methods:
        nested = np.empty_like(made)
        for place in range(n_origins):
            rule = learn_reconciliation(method, np.delete(residuals, place, axis=0), names)
            nested[place] = rule.adjust(made[place], sums, names, scales[place], floor)
        away = np.abs(actual - nested) / scales[:, :, None]
        losses[method] = float(np.nanmean(away)) if np.isfinite(away).any() else float("inf")
        found[method] = nested
    best = min(losses, key=lambda name: losses[name])  # of equal ones the first
    chosen = learn_reconciliation(best, residuals, names)
    return replace(chosen, losses=losses), found[best]


def learn_reconciliation(method: str, residuals: Floats, names: Sequence[object]) -> Reconciliation:
    """Return a method with the weights that scaled residuals, shape (W, S, H), tell."""
    if method in (BOTTOM_UP, STRUCTURAL):
        return Reconciliation(method=method)
    known = np.isfinite(residuals)
    filled = np.where(known, residuals, 0.0)
    # Errors grow over the horizon, alike in all series: each step counts the same.
    by_step = np.sqrt((filled**2).sum(axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1))
    filled = filled / np.maximum(by_step, _SMALLEST)
    rows = filled.transpose(1, 0, 2).reshape(len(names), -1)
    counts = known.sum(axis=(0, 2))
    usual = float((rows**2).sum() / max(int(counts.sum()), 1)) or 1.0
    # A few residuals of one series say little: they are shrunk to what all have.
    prior = float(_LEAST_RESIDUALS)
    own = ((rows**2).sum(axis=1) + prior * usual) / (counts + prior)
    variances = dict(zip(names, own.tolist(), strict=True))
    if method == VARIANCES or rows.shape[1] < _LEAST_RESIDUALS:
        return Reconciliation(method=VARIANCES, variances=variances)
    columns = np.linspace(0, rows.shape[1] - 1, min(rows.shape[1], _MOST_RESIDUALS)).astype(int)
    rows = rows[:, np.unique(columns)]
    share = _shrinkage(rows)
    common = np.sqrt((1.0 - share) / rows.shape[1]) * rows
    rest = np.maximum(own - (common**2).sum(axis=1), share * own)
    return Reconciliation(
        method=COVARIANCE,
        variances=dict(zip(names, rest.tolist(), strict=True)),
        factors=dict(zip(names, common, strict=True)),
    )


def _shrinkage(rows: Floats) -> float:
    """Return how far the correlations of residuals (S, T) are shrunk to none, in [0, 1]."""
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_SERIES)).astype(int)]
    n = some.shape[1]
    z = some / np.maximum(np.sqrt((some**2).mean(axis=1, keepdims=True)), _SMALLEST)
    r = z @ z.T / n
    spread = ((z**2) @ (z**2).T / n - r**2) / (n - 1)
    off = ~np.eye(len(r), dtype=bool)
    total = float((r[off] ** 2).sum())
    return float(np.clip(spread[off].sum() / total, 0.0, 1.0)) if total > 0 else 1.0


def _matrix(sums: Sums) -> "csr_array":
    """Return which series each sum adds up, a sparse matrix of ones, shape (A, B)."""
    ends = np.cumsum([0, *(len(each) for each in sums.members)])
    places = np.concatenate([np.zeros(0, np.int64), *sums.members])
    shape = (len(sums.above), len(sums.bottom))
    return csr_array((np.ones(len(places)), places, ends), shape=shape)
