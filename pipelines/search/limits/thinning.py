"""What a long search learns from, and how much of its time may go into choosing.

Fitting the predictors takes memory by the square of the number of trials, and time by its cube. So
from some hundred trials on they are fitted to a part: the best, which show where to look; the
newest, which show what has just been tried; and a spread of the others, good and bad of each
family. Choosing then costs about as much however many trials there are. Where trials are quick,
that can still be more than they are worth; then most of the further ones are chosen without a
predictor (docs/decisions/0045).
"""

import numpy as np

from espalier.pipelines.surrogate.targets import observe
from espalier.pipelines.trials.history import History

MOST_TRIALS = 400
"""A search with at most this many trials learns from all of them."""
BEST, NEWEST, SPREAD = 80, 80, 80
"""Trials that a longer search learns from."""
NO_PREDICTOR = frozenset(
    {
        "default",
        "differentiable",
        "grid",
        "neighbour",
        "random",
        "slower",
        "starter",
        "warm_start",
    }
)
"""Origins of trials that no predictor, sampler or surrogate was asked for."""
CHOOSING_SHARE = 0.045
"""Share of the time after the first `MOST_TRIALS` trials in which a predictor is asked.

Choices without one cost something too; with them it stays below a twentieth.
"""


def thinned(history: History) -> History:
    """Return the trials to learn from: all of them unless there are more than `MOST_TRIALS`."""
    if len(history) <= MOST_TRIALS:
        return history
    results = history.ordered
    gains = observe(history).gains
    newest = np.arange(len(results)) >= len(results) - NEWEST
    rest = np.flatnonzero(~newest)
    order = rest[np.argsort(-gains[rest], kind="stable")]
    families = np.array([each.trial.configuration.family for each in results])
    others = order[BEST:]
    by_family = others[np.argsort(families[others], kind="stable")]
    spread = by_family[np.linspace(0, len(by_family) - 1, SPREAD).round().astype(int)]
    kept = np.sort(np.concatenate([order[:BEST], spread, np.flatnonzero(newest)]))
    return History(history.metric, tuple(results[place] for place in kept))


def choosing_pays(history: History, n_workers: int, n_next: int) -> bool:
    """Whether the next trials may be chosen with a predictor, given what that costs.

    The first `MOST_TRIALS` trials always are: it is they that a good model comes from. Of the time
    after them, choosing may take `CHOOSING_SHARE`, the choice that is asked about included.

    Parameters
    ----------
    history : History
        Trials that have ended. Without a time budget they do not say what choosing them cost; then
        it always pays.
    n_workers : int
        Trials that run at the same time.
    n_next : int
        Trials that are to be chosen.
    """
    results = history.ordered
    if len(results) < MOST_TRIALS:
        return True
    later = results[MOST_TRIALS:]
    choosing = sum(each.trial.choosing_seconds or 0.0 for each in later)
    running = sum(each.seconds for each in later) / max(n_workers, 1)
    return choosing + n_next * _usual_choice(history) <= CHOOSING_SHARE * running


def _usual_choice(history: History) -> float:
    """Return the seconds that a predictor usually takes for a trial, by the newest of them."""
    asked = [
        each.trial.choosing_seconds
        for each in history.ordered
        if each.trial.origin not in NO_PREDICTOR and each.trial.choosing_seconds is not None
    ]
    return float(np.median(asked[-NEWEST:])) if asked else 0.0
