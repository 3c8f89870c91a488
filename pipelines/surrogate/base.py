"""The interface of all performance predictors."""

from typing import Any, Protocol, Self

from numpy.typing import NDArray


class PerformancePredictor(Protocol):
    """Predicts the gain of encoded configurations, with an uncertainty.

    A *gain* is a score transformed so that larger is better (see `targets.normal_scores`).
    """

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> Self:
        """Learn from encoded configurations, shape (n, d), and their gains, shape (n,)."""
        ...

    def predict(self, X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return mean and standard deviation of the gain, both of shape (n,)."""
        ...
