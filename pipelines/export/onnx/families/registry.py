"""Which function writes a fitted model of which class."""

from collections.abc import Callable
from typing import Any

from sklearn.linear_model import ElasticNet, LogisticRegression, TweedieRegressor
from sklearn.linear_model import Ridge as RidgeRegression

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.families import (
    additive,
    bayes,
    forest,
    linear,
    perceptron,
    realmlp,
    svm,
)
from espalier.pipelines.export.onnx.families import catboost as cat
from espalier.pipelines.export.onnx.families import lightgbm as lgb
from espalier.pipelines.export.onnx.families import xgboost as xgb
from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.graph.graph import Tensor
from espalier.pipelines.learners.additive.explainable_boosting import ExplainableBoosting
from espalier.pipelines.learners.families.bayes import GaussianClassifier
from espalier.pipelines.learners.families.catboost_trees import CatBoostModel
from espalier.pipelines.learners.families.forest import GrownForest
from espalier.pipelines.learners.families.lightgbm_trees import LightGBMModel
from espalier.pipelines.learners.families.linear import BoundedRegressor
from espalier.pipelines.learners.families.mlp import Perceptron
from espalier.pipelines.learners.families.penalty import (
    ChosenStrength,
    ElasticLogistic,
    Logistic,
    Ridge,
)
from espalier.pipelines.learners.families.svm import KernelClassifier, KernelRegressor
from espalier.pipelines.learners.families.xgboost_trees import XGBoostModel
from espalier.pipelines.learners.losses.linear_losses import LogLinear, ReweightedQuantile
from espalier.pipelines.learners.neural.realmlp import TabularPerceptron

Emitter = Callable[[Matrix, Any], Tensor]

_PROBABILITIES: dict[type, Emitter] = {
    LightGBMModel: lgb.lightgbm_probabilities,
    XGBoostModel: xgb.xgboost_probabilities,
    CatBoostModel: cat.catboost_probabilities,
    GrownForest: forest.forest_probabilities,
    LogisticRegression: linear.logistic_probabilities,
    GaussianClassifier: bayes.bayes_probabilities,
    KernelClassifier: svm.kernel_probabilities,
    Perceptron: perceptron.perceptron_probabilities,
    TabularPerceptron: realmlp.realmlp_probabilities,
    ExplainableBoosting: additive.additive_probabilities,
}
_VALUES: dict[type, Emitter] = {
    LightGBMModel: lgb.lightgbm_values,
    XGBoostModel: xgb.xgboost_values,
    CatBoostModel: cat.catboost_values,
    GrownForest: forest.forest_values,
    RidgeRegression: linear.linear_values,
    ElasticNet: linear.linear_values,
    TweedieRegressor: linear.log_linear_values,
    KernelRegressor: svm.kernel_values,
    Perceptron: perceptron.perceptron_values,
    TabularPerceptron: realmlp.realmlp_values,
    ExplainableBoosting: additive.additive_values,
}
# They only choose or fit the model within.
_WRAPPERS = (ChosenStrength, ElasticLogistic, Logistic, LogLinear, ReweightedQuantile, Ridge)


def probabilities(matrix: Matrix, model: Any) -> Tensor:
    """Return a fitted classifier's probabilities, float64 (n_rows, k).

    Raises
    ------
    CannotExportError
        No function writes models of its class.
    """
    while isinstance(model, _WRAPPERS):
        model = model.model_
    return _emitter(_PROBABILITIES, model)(matrix, model)


def values(matrix: Matrix, model: Any) -> Tensor:
    """Return a fitted regressor's values, float64 (n_rows, 1).

    Raises
    ------
    CannotExportError
        No function writes models of its class.
    """
    while isinstance(model, _WRAPPERS):
        model = model.model_
    if isinstance(model, BoundedRegressor):
        return linear.bounded(matrix, values(matrix, model.regressor), model)
    return _emitter(_VALUES, model)(matrix, model)


def _emitter(table: dict[type, Emitter], model: Any) -> Emitter:
    if type(model) not in table:
        raise CannotExportError(f"a model of class {type(model).__name__}")
    return table[type(model)]
