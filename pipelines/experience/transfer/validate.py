"""Validation of experience: how well it ranks trials on a dataset that was left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

TRUSTED_FROM = 0.2
"""Smallest median rank correlation; below it, using the predictor does more harm than good."""
FEWEST_DATASETS = 3


@dataclass(frozen=True, slots=True)
class Validation:
    """Rank correlations of predicted and observed scores, each dataset predicted by the others.

    Attributes
    ----------
    by_dataset : tuple of (name, Spearman correlation)
        In the order of the datasets; empty where there are too few to leave one out.
    """

    by_dataset: tuple[tuple[str, float], ...]

    @property
    def median(self) -> float:
        """Median over the datasets; 0 without any."""
        found = [value for _, value in self.by_dataset]
        return float(np.median(found)) if found else 0.0

    @property
    def trusted(self) -> bool:
        """Whether the predictions are reliable enough to be used."""
        return self.median >= TRUSTED_FROM

    @property
    def words(self) -> str:
        """The result as a sentence."""
        if not self.by_dataset:
            return (
                f"the predictor is off: fewer than {FEWEST_DATASETS} datasets are known, so it "
                "cannot be validated"
            )
        found = f"{self.median:.2f} on datasets left out (median of {len(self.by_dataset)})"
        if self.trusted:
            return f"the predictor ranks with Spearman {found}"
        return f"the predictor is off: it ranks with Spearman {found}, below {TRUSTED_FROM:g}"


def spearman(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Return the rank correlation of two arrays of shape (n,); 0 where one is constant."""
    ranks = [rankdata(each) for each in (left, right)]
    if len(left) < 2 or any(np.ptp(each) == 0 for each in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
