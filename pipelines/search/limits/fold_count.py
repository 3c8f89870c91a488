"""Number of folds of a trial: by the size of the table, fewer where time is short, more where not.

More folds compare configurations with less noise and let the ensemble's weights be fitted to every
row, but five folds cost five fits per trial. A search that ends after a handful of trials loses
more than folds gain (docs/decisions/0036).
"""

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.data.splitting.splits import ONE_SPLIT_FOLDS, REPEAT_ROWS, most_folds
from espalier.pipelines.members.serving_mode import Serving
from espalier.pipelines.resources.budget import Budget
from espalier.pipelines.search.limits.reserve import model_seconds

ENOUGH_TRIALS = 50
"""Whole trials that a search should have time for; experience puts the good ones first."""
ENOUGH_TRIALS_OF_FEW_ROWS = 5
"""The same where rows are few, and folds worth more."""
ONE_SPLIT_FROM_ROWS = 5_000
"""Below this many rows, the validation rows of one split are too few to weigh an ensemble."""
FEWER_FOLDS = 3
MORE_FOLDS = (8, 5, 3)
"""What a search with much time takes instead of what the size of the table deserves, if fewer."""
ENOUGH_TRIALS_FOR_MORE = 150
"""Whole trials that it should have time for all the same."""
_SEARCH_SHARE = 0.75
# Beside the time that grows with the table: preparing its columns, predicting, scoring.
_FIXED_SECONDS = 0.4


def affordable_folds(
    shape: DatasetShape,
    budget: Budget,
    n_workers: int,
    *,
    serving: Serving = "auto",
    network_seconds: float | None = None,
) -> int:
    """Return the largest number of folds that leaves time for enough trials.

    With much time there are up to eight, whose models learn from more of the rows and are better
    averaged: on tables of any size but those so small that the folds are drawn twice
    (docs/decisions/0104).

    Parameters
    ----------
    shape : DatasetShape
        Shape of the search rows.
    budget : Budget
        What the run may spend. Without seconds only the size of the table decides.
    n_workers : int
        Trials that run at the same time.
    serving : "auto", "refit" or "bagged"
        With ``bagged`` the fold models serve, so their number is not reduced.
    network_seconds : float or None
        Seconds that one core trains a network on pictures once, where nothing else is searched:
        such a search has one split until it has time for as many whole trainings.

    Returns
    -------
    int
        1 for one split.
    """
    most = most_folds(shape.n_rows, shape.n_columns)
    if budget.seconds is None or serving == "bagged":
        return most
    if shape.n_pixels:  # a network learns more from twice the time than from a fifth more rows
        most = min(most, FEWER_FOLDS)
    few_rows = shape.n_rows < ONE_SPLIT_FROM_ROWS
    wanted = ENOUGH_TRIALS_OF_FEW_ROWS if few_rows else ENOUGH_TRIALS
    if budget.trials is not None:
        wanted = min(wanted, budget.trials)
    if network_seconds is not None:
        fits = _SEARCH_SHARE * budget.seconds * n_workers / network_seconds
        return most if fits >= most * wanted else ONE_SPLIT_FOLDS
    fits = _SEARCH_SHARE * budget.seconds * n_workers / (_FIXED_SECONDS + model_seconds(shape))
    if shape.n_rows >= REPEAT_ROWS:
        for n in MORE_FOLDS:
            if n > most and fits >= n * ENOUGH_TRIALS_FOR_MORE:
                return n
    fewer = (FEWER_FOLDS,) if few_rows else (FEWER_FOLDS, ONE_SPLIT_FOLDS)
    choices = [most, *(n for n in fewer if n < most)]
    return next((n for n in choices if fits >= n * wanted), choices[-1])
