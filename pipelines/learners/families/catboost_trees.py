"""CatBoost: boosting of symmetric trees with ordered statistics of categories.

Prokhorenkova, Gusev, Vorobev, Dorogush, Gulin: *CatBoost: unbiased boosting with categorical
features* (2018).
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.costs import matrix_columns
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.learners.families.boosted_trees import BoostedTrees, BoostingRows
from espalier.pipelines.learners.families.boosting_rounds import (
    MOST_TREES,
    Patience,
    expected_trees,
    max_rounds,
    patience_rounds,
    searched_rates,
    sensible_rate,
)
from espalier.pipelines.metrics.objective import DEVIANCES, LossKind, TrainingObjective
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

# Past this many classes the plain squared score grows useful trees in fewer rounds.
_MANY_CLASSES = 6


# With many classes each tree costs several times that of other boosters.
_MOST_TREES_OF_CLASSES = 5_000
# It has no gamma deviance, but those of variances as near to it as one likes.
_NEARLY_GAMMA = 1.99
# Steps of Newton's method for the leaves of two classes: CatBoost's own number.
_LEAF_STEPS = 10
# Losses measured in a fit, at most.
_MOST_LOSSES = 1_000
# Deeper trees than leave so many rows a leaf are mostly empty leaves, and cost as full ones.
_ROWS_A_LEAF = 2


class CatBoostModel(BoostedTrees):
    """CatBoost with early stopping; the trees after the best round are removed."""

    def _boost(
        self,
        train: BoostingRows,
        watched: BoostingRows | None,
        categorical: tuple[int, ...],
        patience: Patience,
    ) -> None:
        from catboost import CatBoost, CatBoostError

        X = train.X
        self.categorical_ = categorical
        self.is_constant_ = bool((np.nanmin(X, axis=0) == np.nanmax(X, axis=0)).all())
        table = self._pool(X, train.y, train.weight)
        valid = None if watched is None else self._pool(watched.X, watched.y, watched.weight)

        least, name = self._least_loss(watched), self.parameters.get("eval_metric")

        class Watch:
            n_losses = 0

            def after_iteration(self, info: Any) -> bool:
                part = info.metrics.get("validation")
                if part is None:
                    return not patience.stop(info.iteration - 1, None)
                losses = part[name] if name in part else next(iter(part.values()))
                if len(losses) == self.n_losses:  # none was measured after this round
                    return not patience.late
                self.n_losses = len(losses)
                return not patience.stop(info.iteration - 1, float(losses[-1]) - least)

        self.booster_ = CatBoost(
            {
                **self.parameters,
                # A tree without any column is empty and wastes a round.
                "rsm": max(float(self.parameters["rsm"]), 1.0 / X.shape[1]),
                "iterations": self.rounds,
                "thread_count": self.n_threads,
                "allow_writing_files": False,
                "logging_level": "Silent",
                "use_best_model": False,
                "metric_period": self._rounds_between_losses(watched),
            }
        )
        self.booster_.fit(table, eval_set=valid, callbacks=[Watch()])
        self.n_iterations_ = max(1, min(patience.best_round + 1, self.booster_.tree_count_))
        if self.n_iterations_ < self.booster_.tree_count_:
            # Where some trees are empty, CatBoost miscounts them and refuses to remove others. A
            # few trees past the best one do little harm.
            with suppress(CatBoostError):
                self.booster_.shrink(self.n_iterations_)

    def _rounds_between_losses(self, watched: BoostingRows | None) -> int:
        """Return how many rounds apart losses are measured: a tenth of what a step of 1 takes.

        After each round CatBoost copies all losses measured so far for its callbacks. With a loss
        each round, that takes longer than the trees from some 1,000 rounds on.
        """
        if watched is None:
            return self.rounds
        by_rate = round(0.1 / float(self.parameters["learning_rate"]))
        return max(1, by_rate, self.rounds // _MOST_LOSSES)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values, shape (n_rows,), or class codes."""
        if self.parameters["loss_function"] not in ("Logloss", "MultiClass"):
            on_log = self.parameters["loss_function"].startswith(("Poisson", "Tweedie"))
            return np.asarray(
                self.booster_.predict(
                    self._pool(X),
                    prediction_type="Exponent" if on_log else "RawFormulaVal",
                    thread_count=self.n_threads,
                )
            )
        return np.argmax(self.predict_proba(X), axis=1)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        return np.asarray(
            self.booster_.predict(
                self._pool(X), prediction_type="Probability", thread_count=self.n_threads
            )
        )

    def _pool(
        self, X: Any, y: NDArray[Any] | None = None, weight: NDArray[Any] | None = None
    ) -> Any:
        """Return a CatBoost pool; its category columns must be objects of bytes."""
        from catboost import FeaturesData, Pool

        categories = list(self.categorical_)
        numbers = np.delete(X, categories, axis=1) if categories else X
        texts = None
        if categories:
            codes = X[:, categories].astype(np.int64)
            names = np.array([b"%d" % code for code in range(int(codes.max(initial=0)) + 1)])
            texts = names.astype(object)[codes]
        data = FeaturesData(
            num_feature_data=np.ascontiguousarray(numbers) if numbers.shape[1] else None,
            cat_feature_data=texts,
        )
        return Pool(data, label=y, weight=weight)


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters."""
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

    several = shape.problem is ProblemKind.MULTICLASS
    many = shape.n_classes > _MANY_CLASSES
    rate = _default_rate(shape)
    slowest, fastest = searched_rates(shape)
    made = ConfigurationSpace(
        space=[
            Float("learning_rate", (slowest, max(fastest, rate)), log=True, default=rate),
            Integer("depth", (3, 9), default=4 if several else 6),
            Float("l2_leaf_reg", (0.1, 100.0), log=True, default=3.0),
            Float("random_strength", (0.01, 10.0), log=True, default=1.0),
            Float("subsample", (0.4, 1.0), default=0.8),
            Float("rsm", (0.1, 1.0), log=True, default=_column_share(shape)),
            Categorical("score_function", ["Cosine", "L2"], default="L2" if many else "Cosine"),
        ]
    )
    if shape.problem is ProblemKind.BINARY:  # other losses take a single step as they are
        made.add(Integer("leaf_estimation_iterations", (1, 10), log=True, default=_LEAF_STEPS))
    return made


def of_categories(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters of categories: which are compared one by one, which combined.

    Those with more levels than ``one_hot_max_size`` become statistics of the target, in the order
    of the rows; by default all but those of two levels.
    """
    from ConfigSpace import ConfigurationSpace, Integer

    several = shape.problem is ProblemKind.MULTICLASS
    made = ConfigurationSpace(space=[Integer("one_hot_max_size", (2, 100), log=True, default=2)])
    if shape.n_categorical + shape.n_text >= 2:
        # Combined categories: costly where each combination is counted once per class.
        made.add(Integer("max_ctr_complexity", (1, 4), default=1 if several else 4))
    return made


def starters(shape: DatasetShape) -> tuple[Mapping[str, Value], ...]:
    """Return an early trial of two classes: leaves of one step of Newton's method, not ten.

    It was better than the default on each of three tables (docs/decisions/0102).
    """
    binary = shape.problem is ProblemKind.BINARY
    return ({"leaf_estimation_iterations": 1},) if binary else ()


def _default_rate(shape: DatasetShape) -> float:
    if shape.problem is ProblemKind.MULTICLASS:
        return 0.25 if shape.n_classes > _MANY_CLASSES else 0.15
    return 0.12 if shape.n_text else 0.08


def _column_share(shape: DatasetShape) -> float:
    """Return the share of columns each tree sees: less where columns cost per class."""
    enough = 100.0 if shape.n_classes <= 2 else 25.0
    return float(min(1.0, max(0.1, enough / matrix_columns(shape))))


def build(values: Mapping[str, Value], context: BuildContext) -> CatBoostModel:
    """Return an unfitted model of these hyperparameters."""
    shape = context.shape
    if shape.problem is ProblemKind.REGRESSION:
        losses = _regression(context)
    else:
        binary = shape.problem is ProblemKind.BINARY
        losses = {"loss_function": "Logloss" if binary else "MultiClass"}
    rate = _rate(values, shape)
    parameters = {
        "max_ctr_complexity": 1,
        **values,
        **losses,
        "learning_rate": rate,
        "depth": _depth(values, shape),
        "boosting_type": "Plain",
        "bootstrap_type": "Bernoulli",
        "border_count": 64 if shape.n_classes <= 2 else 32,
        "random_seed": context.seed,
    }
    return CatBoostModel(
        parameters,
        rounds=context.iterations or max_rounds(shape, rate, most_trees=_most_trees(shape)),
        patience=patience_rounds(rate),
        n_threads=context.n_threads,
        objective=_as_boosted(context.objective),
    )


def _depth(values: Mapping[str, Value], shape: DatasetShape) -> int:
    """Return the depth of the trees: less than asked for where the leaves would be empty."""
    most = int(np.log2(max(2.0, shape.n_rows / _ROWS_A_LEAF)))
    return min(int(values["depth"]), most)


def _regression(context: BuildContext) -> dict[str, str]:
    """Return the loss to minimise and, where it is another, the one to watch."""
    asked = _as_boosted(context.objective)
    minimised, watched = (_name(kind, asked) for kind in (context.loss, asked.loss))
    if minimised == watched:
        return {"loss_function": minimised}
    return {"loss_function": minimised, "eval_metric": watched}


def _as_boosted(asked: TrainingObjective) -> TrainingObjective:
    if asked.loss is not LossKind.GAMMA:
        return asked
    return replace(asked, loss=LossKind.TWEEDIE, power=_NEARLY_GAMMA)


def _name(loss: LossKind, asked: TrainingObjective) -> str:
    if loss is LossKind.QUANTILE:
        return "MAE" if asked.is_median else f"Quantile:alpha={asked.level}"
    if loss is LossKind.POISSON:
        return "Poisson"
    if loss in DEVIANCES:
        return f"Tweedie:variance_power={asked.power}"
    return "RMSE"


def _most_trees(shape: DatasetShape) -> int:
    return _MOST_TREES_OF_CLASSES if shape.n_classes > 2 else MOST_TREES


def _rate(values: Mapping[str, Value], shape: DatasetShape) -> float:
    return sensible_rate(
        float(values["learning_rate"]),
        float(values["l2_leaf_reg"]),
        shape,
        default=_default_rate(shape),
        most_trees=_most_trees(shape),
    )


def varies(values: Mapping[str, Value]) -> bool:
    """Whether models differ by their seed: splits are always scored with noise."""
    del values
    return True


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    rate = _rate(values, shape)
    rounds = expected_trees(shape, rate) / max(1, shape.n_classes)
    depth = _depth(values, shape)
    width = matrix_columns(shape, per_category=4.0) * float(values["rsm"])
    width += 4.0 * shape.n_text * float(values.get("max_ctr_complexity", 1))
    per_row = 2e-9 * width * depth + 3e-8 * depth
    return 0.1 + rounds * shape.n_classes * (
        5e-4 + 1.5e-6 * width * 2**depth / 16 + shape.n_rows * per_row
    )


CATBOOST = Learner(
    name="catboost",
    label="CatBoost",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        encoding=("native", "ordinal", "onehot"),
        imputation=("none",),
        text_words=(200, 0),
        strings=("both", "categories"),
        # CatBoost has ordered target statistics of its own; target means beside them mislead.
        text_means=(False, True),
        rare_of_rows=2_000,
        # Its target statistics count rows, whatever they weigh.
        native_weighs=False,
    ),
    early_stopping=True,
    anytime=True,
    packages=("catboost",),
    losses=frozenset(LossKind),
    of_categories=of_categories,
    starters=starters,
    varies=varies,
)
