"""Rows for a model that learns the answers of another one instead of the target."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset

# Of many classes, those with less probability than this are not learnt: rows would be too many.
_LEAST = 0.01


def taught_rows(dataset: Dataset, answers: NDArray[Any]) -> Dataset:
    """Return the rows with the answers as their target.

    A classifier learns probabilities from weights: a row stands once for each class, with the
    class's probability as its weight. Copies of a row are one group, so that no split inside a fit
    divides them.

    Parameters
    ----------
    dataset : Dataset
        The rows, n of them.
    answers : array, shape (n, K) of probabilities, or (n,) of values
        Rows with NaN are left out.
    """
    known = np.isfinite(answers) if answers.ndim == 1 else np.isfinite(answers).all(axis=1)
    if not known.all():
        dataset, answers = dataset.take(np.flatnonzero(known)), answers[known]
    if answers.ndim == 1:
        return replace(dataset, y=np.asarray(answers, dtype=np.float64))
    rows, classes = np.nonzero(answers >= _LEAST)
    weight = answers[rows, classes].astype(np.float64)
    copies = dataset.take(rows)
    given = copies.sample_weight
    return replace(
        copies,
        y=classes.astype(dataset.y.dtype),
        sample_weight=weight if given is None else weight * given,
        groups=rows if copies.groups is None else copies.groups,
    )
