"""A member of an ensemble: one configuration with its fitted models."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.preprocessing.rows import PreparedRows
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One configuration of an ensemble with its fitted models.

    Attributes
    ----------
    number : int
        Number of its trial.
    candidates : tuple of Candidate
        The fitted models, whose predictions are averaged: refitted to all search rows, a single one
        or several that differ by their seed; or one per fold.
    of_folds : bool
        Whether the candidates are fold models, each fitted to the training rows of its fold.
    """

    number: int
    candidates: tuple[Candidate, ...]
    of_folds: bool = False

    def __post_init__(self) -> None:
        if not self.candidates:
            raise ValueError("a member needs at least one fitted candidate")

    __setstate__ = set_state_with_defaults

    @property
    def family(self) -> str:
        """The model family."""
        return self.candidates[0].configuration.family

    def predict_scores(self, X: "pd.DataFrame | PreparedRows") -> NDArray[Any]:
        """Return probabilities, shape (n_rows, K), or values, shape (n_rows,), of prepared rows."""
        X = PreparedRows.of(X)
        first = self.candidates[0].predict_scores(X)
        if len(self.candidates) == 1:
            return first
        total = first.astype(np.float64)
        for candidate in self.candidates[1:]:
            total += candidate.predict_scores(X)
        return total / len(self.candidates)
