"""A fitted model as the call that makes an unfitted one with the same settings."""

from typing import Any

from sklearn.base import BaseEstimator

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.script.code import ADVICE, Code
from espalier.pipelines.learners.additive.explainable_boosting import (
    BOUNDS,
    MOST_ROUNDS,
    ExplainableBoosting,
)
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.families.bayes import GaussianClassifier
from espalier.pipelines.learners.families.catboost_trees import CatBoostModel
from espalier.pipelines.learners.families.forest import GrownForest
from espalier.pipelines.learners.families.knn import Neighbours
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

# Of a network whose learning rate stays as it is, and which nothing stops early.
_FASTEST, _USUAL_RATE, _FEWEST_PASSES = 1e-2, 3e-3, 100
# What only says how a fit is run, or what a new one should not inherit.
_OF_RUNNING = frozenset(
    {"n_jobs", "verbose", "warm_start", "random_state", "max_iter", "tol", "cache_size"}
)


def model_code(candidate: Candidate) -> Code:
    """Return the call that makes the candidate's model, unfitted.

    Raises
    ------
    CannotExportError
        No library has a model like it.
    """
    model, classifies = candidate.model_, candidate.shape.problem.is_classification
    if isinstance(model, BoundedRegressor):
        made = _plain(model.regressor, candidate, classifies)
        return _on_target(made, "standard") if model.standardised else made
    made = _plain(model, candidate, classifies)
    networks = (Perceptron, TabularPerceptron)
    return _on_target(made, "standard") if isinstance(model, networks) and not classifies else made


def on_scale(made: Code, candidate: Candidate) -> Code:
    """Return the model fitted to the target on the scale that the candidate fits."""
    return _on_target(made, "log") if candidate.aim.transform.on_log else made


def _plain(model: Any, candidate: Candidate, classifies: bool) -> Code:
    kind = "Classifier" if classifies else "Regressor"
    if isinstance(model, LightGBMModel):
        return _boosted("lightgbm", f"LGBM{kind}", model, {"verbosity": -1})
    if isinstance(model, XGBoostModel):
        return _boosted("xgboost", f"XGB{kind}", model, {})
    if isinstance(model, CatBoostModel):
        quiet = {"verbose": False, "allow_writing_files": False}
        return _boosted("catboost", f"CatBoost{kind}", model, quiet)
    if isinstance(model, GrownForest):
        forest = model.forest
        level = model.level
        notes = ("The mean of the trees stands for a quantile of their leaves.",) if level else ()
        return _estimator(forest, {"n_jobs": -1, "random_state": candidate.seed}, notes)
    while isinstance(model, (ChosenStrength, ElasticLogistic, Logistic, LogLinear, Ridge)):
        model = model.model_
    if isinstance(model, ReweightedQuantile):
        asked = {"quantile": model.level, "alpha": 1e-4}
        return Code.call("sklearn.linear_model", "QuantileRegressor", asked)
    if isinstance(model, KernelClassifier | KernelRegressor):
        raise CannotExportError("a kernel whose width is that of these features", advice=ADVICE)
    if isinstance(model, GaussianClassifier):
        raise CannotExportError("a Gaussian classifier with a temperature", advice=ADVICE)
    if isinstance(model, Neighbours):
        if model.relevance:
            raise CannotExportError(
                "nearest neighbours by columns that do not count alike", advice=ADVICE
            )
        settings = {name: getattr(model, name) for name in ("n_neighbors", "weights", "p")}
        return Code.call("sklearn.neighbors", f"KNeighbors{kind}", settings)
    if isinstance(model, Perceptron | TabularPerceptron):
        # Rates of realmlp belong to weights of another scale.
        own_rate = isinstance(model, Perceptron)
        layers = {
            "hidden_layer_sizes": (model.width,) * model.depth,
            "learning_rate_init": min(model.learning_rate, _FASTEST) if own_rate else _USUAL_RATE,
            "max_iter": max(_FEWEST_PASSES, model.n_iterations_),
            "random_state": candidate.seed,
        }
        notes = (
            "scikit-learn's perceptron has no dropout, no embeddings of numbers and no schedule of "
            "the learning rate.",
        )
        return Code.call("sklearn.neural_network", f"MLP{kind}", layers, notes=notes)
    if isinstance(model, ExplainableBoosting):
        settings = {
            "learning_rate": model.learning_rate,
            "max_leaves": model.max_leaves,
            "interactions": round(model.pairs * candidate.features_.n_features_),
            "smoothing_rounds": model.smoothing_rounds,
            "interaction_smoothing_rounds": model.smoothing_rounds // 2,
            "max_rounds": MOST_ROUNDS,
            **BOUNDS,
            "min_samples_leaf": model.min_rows,
            "gain_scale": model.gain_scale,
            "outer_bags": model.n_bags,
            "random_state": candidate.seed % 2**31,
        }
        return Code.call("interpret.glassbox", f"ExplainableBoosting{kind}", settings)
    if isinstance(model, BaseEstimator) and type(model).__module__.startswith("sklearn."):
        more = {"max_iter": 2_000} if "max_iter" in model.get_params() else {}
        return _estimator(model, more)
    raise CannotExportError(f"a model of class {type(model).__name__}", advice=ADVICE)


def _boosted(module: str, name: str, model: Any, more: dict[str, Any]) -> Code:
    """Return a booster with the number of rounds that was kept."""
    settings = {key: value for key, value in model.parameters.items() if key not in ("metric",)}
    rounds = "iterations" if module == "catboost" else "n_estimators"
    return Code.call(module, name, settings | {rounds: model.n_iterations_} | more)


def _estimator(model: Any, more: dict[str, Any], notes: tuple[str, ...] = ()) -> Code:
    """Return an estimator of scikit-learn with the settings that are not its defaults."""
    defaults = type(model)().get_params()
    changed = {
        name: value
        for name, value in model.get_params().items()
        if name not in _OF_RUNNING and value != defaults[name]
    }
    module = type(model).__module__.rsplit("._", 1)[0]
    return Code.call(module, type(model).__name__, changed | more, notes=notes)


def _on_target(model: Code, scale: str) -> Code:
    """Return a regressor fitted to the standardised target, or to its logarithm."""
    wrapper = Code("", frozenset({"from sklearn.compose import TransformedTargetRegressor"}))
    if scale == "log":
        text = f"TransformedTargetRegressor({model.text}, func=np.log1p, inverse_func=np.expm1)"
        return model.named(text, wrapper)
    scaler = Code.call("sklearn.preprocessing", "StandardScaler")
    text = f"TransformedTargetRegressor({model.text}, transformer={scaler.text})"
    return model.named(text, wrapper, scaler)
