"""Measure how long a model takes for a single row, and what reading one costs."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from espalier.pipelines.data.parsing.readings import NetworkReading
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.members.shared_reading import NO_READING, SharedReading, reads_vectors
from espalier.pipelines.serving.model import EnsembleModel

ANSWERS = 5


def prepare_ms(preparation: Preparation, rows: pd.DataFrame) -> float:
    """Measure the milliseconds needed to prepare a single raw row."""
    return _quickest(lambda: preparation.apply(rows.head(1)))


def measure_reading(
    preparation: Preparation, rows: pd.DataFrame, learners: Sequence[Learner]
) -> SharedReading:
    """Measure what the frozen networks cost that make vectors of a row's pictures and texts.

    Parameters
    ----------
    preparation : Preparation
        How raw columns become features.
    rows : DataFrame
        Raw rows, of which the first is read.
    learners : sequence of Learner
        The families that may serve.
    """
    plans = tuple(plan for plan in preparation.plans if plan.role.is_vector)
    if not plans:
        return NO_READING
    readings = [plan.reading for plan in plans]
    room = Path(__file__).resolve().parent.parent
    folders = {each.weights for each in readings if isinstance(each, NetworkReading)}
    files = [file for each in folders for file in (room / each / "weights").glob("*")]
    return SharedReading(
        latency=prepare_ms(replace(preparation, plans=plans), rows),
        size=sum(file.stat().st_size for file in files) / 2**20,
        without=frozenset(each.name for each in learners if not reads_vectors(each)),
    )


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
