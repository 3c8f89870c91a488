"""Warnings of ``fit`` about rows that are alike on both sides of the hold-out."""

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.resources.budget import Deadline

if TYPE_CHECKING:  # a fitted estimator must load without what only training needs
    from espalier.pipelines.data.preparation import Preparation

# Of the time left, for comparing pictures across the split.
_NEAR_SHARE = 0.05


def warn_of_near(
    table: pd.DataFrame,
    whole: Dataset,
    preparation: "Preparation",
    search_rows: NDArray[np.int64],
    holdout_rows: NDArray[np.int64],
    deadline: Deadline,
) -> None:
    """Warn of pictures of held-out rows that are almost the same as those of search rows."""
    from espalier.pipelines.images.near_duplicates import near_duplicates

    share = deadline.part(_NEAR_SHARE)
    for each in near_duplicates(
        table, whole, preparation, search_rows, holdout_rows, deadline=share
    ):
        warnings.warn(str(each), UserWarning, stacklevel=5)


def warn_of_twins(n_twins: int) -> None:
    """Warn of held-out rows that are among the search rows, if there are any."""
    if n_twins:
        warnings.warn(
            f"{n_twins:,} held-out rows are also among the search rows, word for word: "
            "holdout_score_ is better than the score of new rows will be",
            stacklevel=4,
        )
