"""Measure how long a model takes for a single row."""

import time
from collections.abc import Callable

import pandas as pd

from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.serving.model import EnsembleModel

ANSWERS = 5


def prepare_ms(preparation: Preparation, rows: pd.DataFrame) -> float:
    """Measure the milliseconds needed to prepare a single raw row."""
    return _quickest(lambda: preparation.apply(rows.head(1)))


def answer_ms(model: EnsembleModel, rows: pd.DataFrame) -> float:
    """Measure the milliseconds that a model needs to predict a single raw row."""
    return _quickest(lambda: model.predict_scores(rows.head(1)))


def _quickest(ask: Callable[[], object]) -> float:
    """Return the shortest of a few timings: other work on the machine can only lengthen one."""
    seconds = []
    for _ in range(ANSWERS):
        before = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - before)
    return 1000.0 * min(seconds)
