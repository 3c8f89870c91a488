"""The metrics that most people want, in words."""

from collections.abc import Sequence

_WORDS = {
    "roc_auc": "ranks those of the class before the others",
    "log_loss": "good probabilities",
    "accuracy": "share of right answers",
    "balanced_accuracy": "right answers, every class counts alike",
    "f1": "finds the class, without false alarms",
    "f1_macro": "as f1, every class counts alike",
    "average_precision": "finds a rare class",
    "brier": "good probabilities, gentle with surprises",
    "rmse": "large errors count more",
    "mae": "every error counts by its size",
    "mape": "errors in percent of the value",
    "r2": "share of the differences that is explained",
    "rmsle": "errors as factors, for values above zero",
    "mase": "errors as shares of the usual change from season to season",
    "rmsse": "as mase, large errors count more",
    "wape": "errors in percent of all values",
    "wql": "good bounds, not only a good middle",
    "median_ae": "the usual error, whatever the worst are",
}


def described(metrics: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the usual metrics with their meaning, and the names of the others.

    The first of ``metrics`` is the default and stays the first.
    """
    usual = [(name, _WORDS[name]) for name in metrics if name in _WORDS]
    if metrics and metrics[0] not in _WORDS:
        usual.insert(0, (metrics[0], "the default"))
    named = {name for name, _ in usual}
    return usual, [name for name in metrics if name not in named]
