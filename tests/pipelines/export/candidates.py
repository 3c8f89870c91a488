"""Fit one configuration and score rows by its ONNX form, for comparison."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.readings import ColumnPlan, NumberReading
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.export.base.scoring import feeds, score, session
from espalier.pipelines.export.onnx.features.columns import Columns
from espalier.pipelines.export.onnx.features.lookups import Lookups
from espalier.pipelines.export.onnx.graph.graph import Graph
from espalier.pipelines.export.onnx.graph.serialise import to_onnx
from espalier.pipelines.export.onnx.whole.candidate import candidate_scores
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.metrics.objective import SQUARED_ERROR, TrainingObjective
from espalier.pipelines.trials.configuration import Configuration


def as_read(dataset: Dataset) -> Dataset:
    """Return a table without blanks around its strings, as reading a raw one gives it."""
    X = dataset.X.copy()
    for name in X.columns:
        if dataset.roles[name] in (ColumnRole.CATEGORICAL, ColumnRole.TEXT):
            cells = [each.strip() if isinstance(each, str) else each for each in X[name]]
            read = [np.nan if each == "" else each for each in cells]
            X[name] = pd.Series(read, index=X.index, dtype=object)
    return replace(dataset, X=X)


def fitted(
    learner: Learner,
    configuration: Configuration,
    dataset: Dataset,
    objective: TrainingObjective = SQUARED_ERROR,
) -> Candidate:
    """Return a configuration fitted to a table."""
    candidate = Candidate(
        configuration, learner, dataset.roles, dataset.shape, seed=0, objective=objective
    )
    return candidate.fit(dataset.X, dataset.y)


def onnx_scores(candidate: Candidate, rows: Any) -> NDArray[Any]:
    """Return what onnxruntime makes of prepared rows, in the shape of ``predict_scores``."""
    # Nothing is read here: the rows are prepared.
    plans = tuple(ColumnPlan(name, role, NumberReading()) for name, role in candidate.roles.items())
    preparation = Preparation(plans=plans)
    graph = Graph()
    columns = Columns.of(preparation, Lookups.of([candidate.features_]), graph)
    graph.add_output("scores", candidate_scores(columns, candidate), np.float64, (None, None))
    opened = session(to_onnx(graph, name="test", metadata={}).SerializeToString())
    (scores,) = score(opened, feeds(rows, preparation), ["scores"])
    return scores if candidate.shape.problem.is_classification else scores[:, 0]


def difference(candidate: Candidate, rows: Any) -> float:
    """Return the largest difference between a candidate and its ONNX form.

    In a regression it is a share of the largest prediction.
    """
    expected = candidate.predict_scores(rows)
    found = onnx_scores(candidate, rows)
    scale = 1.0 if candidate.shape.problem.is_classification else float(np.abs(expected).max())
    return float(np.abs(expected - found).max()) / scale


def covering(space: Any) -> list[Configuration]:
    """Return configurations in which every value of every preprocessing choice is used once."""
    drawn = space.sample(400, np.random.default_rng(9))
    seen = {each: _prep_values(each) for each in drawn}
    left: set[tuple[str, Any]] = set().union(*seen.values())
    made: list[Configuration] = []
    while left:
        best = max(drawn, key=lambda each: len(seen[each] & left))
        left -= seen[best]
        quick = {**dict(best), **short(best)}
        made.append(replace(best, items_=tuple(sorted(quick.items()))))
    return made


def _prep_values(configuration: Configuration) -> set[tuple[str, Any]]:
    """Return the choices of preprocessing that are made, without sizes and shares."""
    return {
        (name, value)
        for name, value in configuration.items()
        if name.startswith("prep_") and isinstance(value, str | bool)
    }


def short(configuration: Configuration) -> dict[str, float]:
    """Return values with which a network trains in a moment."""
    short = {"epochs": 16, "width": 48, "learning_rate": 0.1}
    networks = configuration.family in ("mlp", "realmlp", "lightgbm", "xgboost", "catboost")
    return {name: value for name, value in short.items() if networks and name in configuration}
