"""Numbers that a fitted model holds, and operations that it takes to answer one row."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from espalier.pipelines.architectures.cost import network_cost
from espalier.pipelines.architectures.tokens.cost import text_network_cost
from espalier.pipelines.learners.additive.explainable_boosting import ExplainableBoosting
from espalier.pipelines.learners.families.catboost_trees import CatBoostModel
from espalier.pipelines.learners.families.forest import GrownForest
from espalier.pipelines.learners.families.lightgbm_trees import LightGBMModel
from espalier.pipelines.learners.families.xgboost_trees import XGBoostModel
from espalier.pipelines.learners.light.tree_depths import (
    TreeCounts,
    of_catboost,
    of_forest,
    of_lightgbm,
    of_xgboost,
)
from espalier.pipelines.learners.neural.convnet import ConvNet
from espalier.pipelines.learners.neural.textnet import TextNet

# Of the attributes with a leading underscore, those that a prediction reads.
_READ = frozenset({"_fit_X", "_stored"})


@dataclass(frozen=True, slots=True)
class ModelCounts:
    """What a fitted model has, and does for one row; the preparation of the row is not counted.

    Attributes
    ----------
    parameters : int
        Numbers that it holds: nodes of trees, weights, the rows of neighbours.
    operations : int
        Comparisons, additions and multiplications for one row, at most. A tree takes its depth and
        one addition; a table of an additive model one; every other number one multiplication and
        one addition.
    """

    parameters: int
    operations: int


def count_model(model: Any) -> ModelCounts | None:
    """Count a fitted model of one of the built-in families.

    Parameters
    ----------
    model : estimator or None
        None is a constant.

    Returns
    -------
    ModelCounts or None
        None for a model that keeps its numbers where they cannot be seen.
    """
    if model is None:
        return ModelCounts(1, 0)
    if isinstance(model, ConvNet):  # its steps tell
        cost = network_cost(model.network_)
        return ModelCounts(cost.parameters, 2 * cost.operations)
    if isinstance(model, TextNet):
        cost = text_network_cost(model.network_, model.n_vectors_)
        return ModelCounts(cost.parameters, 2 * cost.operations)
    counts = _counts(model)
    return counts if counts.parameters else None


def _counts(model: Any) -> ModelCounts:
    trees = _trees(model)
    if trees is not None:
        return ModelCounts(trees.n_nodes, trees.longest + trees.n_trees)
    if isinstance(model, ExplainableBoosting):
        terms = model.terms_.terms
        width = len(model.terms_.intercept)
        return ModelCounts(
            sum(each.scores.size for each in terms),
            sum(len(each.columns) for each in terms) * width,
        )
    held = sum(each.size for each in _arrays(model, set()))
    return ModelCounts(held, 2 * held)


def _trees(model: Any) -> TreeCounts | None:
    if isinstance(model, GrownForest):
        return of_forest(model.forest)
    if isinstance(model, LightGBMModel):
        return of_lightgbm(model.booster_, int(model.n_iterations_))
    if isinstance(model, XGBoostModel):
        return of_xgboost(model.booster_)
    if isinstance(model, CatBoostModel):
        return of_catboost(model.booster_)
    return None


def _arrays(thing: Any, seen: set[int]) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the arrays of floats of a fitted object and of what it consists of, each once."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, np.ndarray):
        if np.issubdtype(thing.dtype, np.floating):
            yield thing
        return
    for part in _parts(thing):
        yield from _arrays(part, seen)


def _parts(thing: Any) -> list[Any]:
    if isinstance(thing, list | tuple):
        return list(thing)
    if isinstance(thing, dict):
        return list(thing.values())
    if is_dataclass(thing) and not isinstance(thing, type):
        return [getattr(thing, each.name) for each in fields(thing)]
    if isinstance(thing, BaseEstimator):
        state = thing.__getstate__()
        return [value for name, value in state.items() if name[0] != "_" or name in _READ]
    if type(thing).__module__.startswith("espalier."):
        return list(getattr(thing, "__dict__", {}).values())
    return []
