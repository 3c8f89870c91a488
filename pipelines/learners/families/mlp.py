"""The multilayer perceptron as a model family."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.costs import matrix_columns, network_operations
from espalier.pipelines.learners.base.learner import (
    BuildContext,
    Learner,
    LearnerLimits,
    always_varies,
)
from espalier.pipelines.learners.base.target_scale import mean_and_spread
from espalier.pipelines.learners.families.boosting_rounds import Patience
from espalier.pipelines.learners.families.network import Adam, Network, rate_at
from espalier.pipelines.learners.losses.network_losses import (
    CrossEntropy,
    LogDeviance,
    OutputLoss,
    QuantileLoss,
    SquaredLoss,
)
from espalier.pipelines.metrics.objective import DEVIANCES, LossKind, TrainingObjective
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import generator
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

_ROWS_A_BLOCK = 8_192


class Perceptron(BaseEstimator):
    """Train a `Network` on a float32 matrix, with early stopping and a deadline.

    Parameters
    ----------
    width, depth : int
        Units per hidden layer, and number of hidden layers.
    learning_rate : float
        Largest learning rate of the schedule.
    weight_decay : float
        Decoupled weight decay.
    dropout : float
        Share of hidden units silenced in training.
    batch_size : int
        Rows per step.
    epochs : int
        Passes over the rows that the learning rate schedule spans.
    stop_after : int or None
        Passes after which to stop, at most ``epochs``; None for all of them.
    classification : bool
        Whether ``y`` holds class codes.
    seed : int
        Seed of weights, batches and dropout.
    loss : OutputLoss or None
        The loss of a regression; None for the squared error. For a deviance ``y`` has mean 1.
    watched : OutputLoss or None
        The loss that early stopping watches in regression; None for ``loss``.
    """

    def __init__(
        self,
        width: int = 128,
        depth: int = 2,
        learning_rate: float = 3e-3,
        weight_decay: float = 1e-2,
        dropout: float = 0.1,
        batch_size: int = 256,
        epochs: int = 60,
        stop_after: int | None = None,
        classification: bool = True,
        seed: int = 0,
        loss: OutputLoss | None = None,
        watched: OutputLoss | None = None,
    ) -> None:
        self.width = width
        self.depth = depth
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.batch_size = batch_size
        self.epochs = epochs
        self.stop_after = stop_after
        self.classification = classification
        self.seed = seed
        self.loss = loss
        self.watched = watched

    def fit(
        self,
        X: NDArray[Any],
        y: NDArray[Any],
        *,
        sample_weight: NDArray[Any] | None = None,
        eval_set: tuple[NDArray[Any], NDArray[Any]] | None = None,
        eval_weight: NDArray[Any] | None = None,
        deadline: Deadline | None = None,
    ) -> "Perceptron":
        """Train on ``X`` of shape (n_rows, n_columns) and ``y`` of codes or values.

        Sets ``n_iterations_``, the number of epochs kept.
        """
        rng = generator(self.seed, "perceptron")
        X = np.ascontiguousarray(X, dtype=np.float32)
        self.center_, self.spread_ = 0.0, 1.0
        if not self.classification:
            if not isinstance(self.loss, LogDeviance):
                self.center_, self.spread_ = mean_and_spread(y, sample_weight)
            self.low_, self.high_ = float(np.min(y)), float(np.max(y))
        self.n_classes_ = int(y.max()) + 1 if self.classification else 1
        target = self._target(y)
        weight = np.ones((len(y), 1), dtype=np.float32)
        if sample_weight is not None:
            weight[:, 0] = sample_weight / max(float(np.mean(sample_weight)), 1e-12)
        shares = target.mean(axis=0) if sample_weight is None else (target * weight).mean(axis=0)
        prior = np.log(np.clip(shares, 1e-6, 1)) if self.classification else 0.0
        network = Network.make(
            [X.shape[1], *[self.width] * self.depth, target.shape[1]],
            rng,
            output_bias=np.broadcast_to(prior, target.shape[1]),
        )
        optimiser = Adam(network.parameters(), self.weight_decay)
        patience = Patience(max(8, self.epochs // 4) if eval_set is not None else None, deadline)
        self.network_ = network
        last = self.epochs if self.stop_after is None else min(self.stop_after, self.epochs)
        for epoch in range(last):
            self._epoch(network, optimiser, X, target, weight, epoch, rng, deadline)
            loss = None if eval_set is None else self._loss(network, eval_set, eval_weight)
            before = patience.best_round
            stop = patience.stop(epoch, loss)
            if patience.best_round != before or epoch == 0:
                self.network_ = network.copy() if eval_set is not None else network
            if stop:
                break
        self.n_iterations_ = patience.best_round + 1
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return values, shape (n_rows,), or class codes."""
        if self.classification:
            return np.argmax(self.predict_proba(X), axis=1)
        outputs = self._loss_of_outputs.predictions(self._outputs(self.network_, X))
        values = outputs[:, 0] * self.spread_ + self.center_
        return np.clip(values, self.low_, self.high_)

    def predict_proba(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        return self._loss_of_outputs.predictions(self._outputs(self.network_, X))

    @property
    def _loss_of_outputs(self) -> OutputLoss:
        if self.classification:
            return CrossEntropy()
        return getattr(self, "loss", None) or SquaredLoss()  # older versions had none

    def _epoch(
        self,
        network: Network,
        optimiser: Adam,
        X: NDArray[Any],
        target: NDArray[Any],
        weight: NDArray[Any],
        epoch: int,
        rng: np.random.Generator,
        deadline: Deadline | None,
    ) -> None:
        """Take one step on every batch of the rows, in random order."""
        order = rng.permutation(len(X))
        starts = range(0, len(X), self.batch_size)
        for batch, start in enumerate(starts):
            rows = order[start : start + self.batch_size]
            gradients = network.gradients(
                X[rows],
                target[rows],
                weight[rows],
                loss=self._loss_of_outputs,
                dropout=self.dropout,
                rng=rng,
            )
            progress = (epoch + batch / len(starts)) / self.epochs
            optimiser.step(gradients, self.learning_rate * rate_at(progress))
            if deadline is not None and batch % 50 == 49 and deadline.passed:
                break

    def _target(self, y: NDArray[Any]) -> NDArray[np.float32]:
        if self.classification:
            return np.eye(self.n_classes_, dtype=np.float32)[y]
        return ((y - self.center_) / self.spread_).astype(np.float32)[:, None]

    def _loss(
        self,
        network: Network,
        eval_set: tuple[NDArray[Any], NDArray[Any]],
        eval_weight: NDArray[Any] | None,
    ) -> float:
        outputs, target = self._outputs(network, eval_set[0]), self._target(eval_set[1])
        losses = (self.watched or self._loss_of_outputs).values(outputs, target)
        loss = float(np.average(losses, weights=eval_weight))
        return loss if np.isfinite(loss) else float("inf")

    @staticmethod
    def _outputs(network: Network, X: NDArray[Any]) -> NDArray[Any]:
        X = np.asarray(X, dtype=np.float32)
        starts = range(0, max(len(X), 1), _ROWS_A_BLOCK)
        return np.vstack([network.outputs(X[start : start + _ROWS_A_BLOCK]) for start in starts])


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters."""
    from ConfigSpace import ConfigurationSpace, Float, Integer

    del shape
    return ConfigurationSpace(
        space=[
            Integer("width", (16, 256), log=True, default=128),
            Integer("depth", (1, 4), default=2),
            Float("learning_rate", (3e-4, 2e-2), log=True, default=2e-3),
            Float("weight_decay", (1e-3, 3.0), log=True, default=0.2),
            Float("dropout", (0.0, 0.5), default=0.25),
        ]
    )


def build(values: Mapping[str, Value], context: BuildContext) -> Perceptron:
    """Return an unfitted network of these hyperparameters."""
    return Perceptron(
        width=int(values["width"]),
        depth=int(values["depth"]),
        learning_rate=float(values["learning_rate"]),
        weight_decay=float(values["weight_decay"]),
        dropout=float(values["dropout"]),
        batch_size=_batch_size(context.shape),
        epochs=_epochs(context.shape),
        stop_after=context.iterations,
        classification=context.shape.problem.is_classification,
        seed=context.seed,
        loss=_loss(context.loss, context.objective),
        watched=_loss(context.objective.loss, context.objective),
    )


def _loss(kind: LossKind, asked: TrainingObjective) -> OutputLoss | None:
    if kind is LossKind.QUANTILE:
        return QuantileLoss(asked.level)
    return LogDeviance(asked.variance_power) if kind in DEVIANCES else None


def _batch_size(shape: DatasetShape) -> int:
    return int(min(512, max(16, 2 ** round(np.log2(max(shape.n_rows, 1) / 40)))))


def _epochs(shape: DatasetShape) -> int:
    """Return the number of passes over the rows: fewer where each has many steps."""
    return int(min(40, max(12, 300_000 / max(shape.n_rows, 1))))


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    width, depth = float(values["width"]), float(values["depth"])
    columns = matrix_columns(shape, per_category=8.0)
    numbers = width * (columns + width * (depth - 1) + shape.n_classes)
    steps = _epochs(shape) * shape.n_rows / _batch_size(shape)
    return float(
        0.05
        + _epochs(shape) * shape.n_rows * (6e-11 * numbers + 1.5e-9 * width * depth)
        + steps * (1e-4 + 2e-9 * numbers)
    )


MLP = Learner(
    name="mlp",
    label="Multilayer perceptron",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        scaling=("robust", "quantile", "standard", "power", "both"),
        encoding=("onehot", "target"),
        imputation=("median", "mean"),
        projection=True,
        directions=192,
    ),
    limits=LearnerLimits(max_columns=5_000),
    early_stopping=True,
    anytime=True,
    losses=frozenset(LossKind),
    least_operations=network_operations,
    varies=always_varies,
)
