"""A multilayer perceptron after RealMLP, trained in NumPy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.learners.base.target_scale import mean_and_spread
from espalier.pipelines.learners.losses.network_losses import softmax
from espalier.pipelines.learners.neural.columns import ColumnKinds
from espalier.pipelines.learners.neural.embedding_network import (
    EmbeddingNetwork,
    NetworkShape,
)
from espalier.pipelines.learners.neural.parameters import AdamW
from espalier.pipelines.learners.neural.schedules import flat_then_cosine, four_cycles
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import generator

_ROWS_A_BLOCK = 4_096
# Training goes on until the epoch is this multiple of the best one, and this many more.
_PATIENCE, _PATIENCE_MORE = 2.0, 0.2

Array = NDArray[np.float32]


class TabularPerceptron(BaseEstimator):
    """Train networks with numeric embeddings on a float32 matrix, and average their answers.

    Parameters
    ----------
    width, depth : int
        Units a hidden layer, and hidden layers.
    activation : str
        ``selu`` or ``mish``.
    learning_rate : float
        Largest learning rate.
    weight_decay : float
        Largest decoupled weight decay.
    dropout : float
        Largest share of hidden units silenced.
    sigma : float
        Standard deviation of the frequencies of the numeric embeddings: larger bends more.
    label_smoothing : float
        Share of a class's probability that is spread over all classes.
    epochs : int
        Passes over the rows that the schedules span.
    stop_after : int or None
        Passes to make instead of ``epochs``, if they are fewer, where folds have shown how many are
        right. The schedules span these, so that training ends with a learning rate near zero: in
        the middle of a wave a network is far worse than at its end.
    batch_size : int
        Rows a step.
    n_networks : int
        Networks that are trained side by side.
    classification : bool
        Whether ``y`` holds class codes.
    seed : int
        Seed of everything random.

    Attributes
    ----------
    n_iterations_ : int
        Epochs kept.
    """

    def __init__(
        self,
        width: int = 256,
        depth: int = 3,
        activation: str = "mish",
        learning_rate: float = 0.04,
        weight_decay: float = 0.02,
        dropout: float = 0.15,
        sigma: float = 0.1,
        label_smoothing: float = 0.0,
        epochs: int = 64,
        stop_after: int | None = None,
        batch_size: int = 256,
        n_networks: int = 1,
        classification: bool = True,
        seed: int = 0,
    ) -> None:
        self.width = width
        self.depth = depth
        self.activation = activation
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.sigma = sigma
        self.label_smoothing = label_smoothing
        self.epochs = epochs
        self.stop_after = stop_after
        self.batch_size = batch_size
        self.n_networks = n_networks
        self.classification = classification
        self.seed = seed

    def fit(
        self,
        X: NDArray[Any],
        y: NDArray[Any],
        *,
        sample_weight: NDArray[Any] | None = None,
        categorical: tuple[int, ...] = (),
        eval_set: tuple[NDArray[Any], NDArray[Any]] | None = None,
        eval_weight: NDArray[Any] | None = None,
        deadline: Deadline | None = None,
    ) -> "TabularPerceptron":
        """Train on ``X`` of shape (n_rows, n_columns), without NaN, and codes or values ``y``.

        At the deadline training stops with the best epoch so far. The learning rate has been near
        zero a few times by then, so that a stopped network is a good one.
        """
        rng = generator(self.seed, "tabular perceptron")
        X = np.ascontiguousarray(X, dtype=np.float32)
        self.kinds_ = ColumnKinds.of(X, categorical)
        dense, codes = self.kinds_.split(X)
        target = self._learn_target(y, sample_weight)
        weight = np.ones((len(y), 1), dtype=np.float32)
        if sample_weight is not None:
            weight[:, 0] = sample_weight / max(float(np.mean(sample_weight)), 1e-12)
        k, n_rows = self.n_networks, len(y)
        self.network_ = EmbeddingNetwork(self._shape(target.shape[1]))
        batch = min(self.batch_size, n_rows)
        first = np.stack([rng.permutation(n_rows)[:batch] for _ in range(k)])
        self.network_.initialise(dense[first], codes[first], sigma=self.sigma, rng=rng)
        optimiser = AdamW(self.network_.parameters)
        epochs = self.epochs if self.stop_after is None else min(self.stop_after, self.epochs)
        vector = self.network_.parameters.vector
        best, kept, self.n_iterations_ = np.inf, vector.copy(), 1
        steps = max(1, n_rows // batch)
        for epoch in range(1, epochs + 1):
            orders = np.stack([rng.permutation(n_rows) for _ in range(k)])
            for step in range(steps):
                rows = orders[:, step * batch : (step + 1) * batch]
                progress = (epoch - 1 + step / steps) / epochs
                self._step(optimiser, dense, codes, target, weight, rows, progress, rng)
                if deadline is not None and step % 20 == 19 and deadline.passed:
                    break
            loss = 0.0 if eval_set is None else self._loss(*eval_set, eval_weight)
            if loss <= best:
                best, self.n_iterations_ = loss, epoch
                kept[...] = vector
            waits = _PATIENCE * self.n_iterations_ + _PATIENCE_MORE * epochs
            if eval_set is not None and epoch >= waits:
                break
            if deadline is not None and deadline.passed:
                break
        vector[...] = kept
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return values, shape (n_rows,), within the range seen; or class codes."""
        answers = self._answers(X)
        if self.classification:
            return np.argmax(answers, axis=1)
        values = answers[:, 0].astype(np.float64) * self.spread_ + self.center_
        return np.clip(values, self.low_, self.high_)

    def predict_proba(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        return self._answers(X)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the gradient and its like, which only training needs."""
        state = dict(super().__getstate__())
        network = state.pop("network_", None)
        if network is not None:
            state["_stored"] = (network.shape, network.parameters.vector.copy())
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the networks from their numbers."""
        state = dict(state)
        stored = state.pop("_stored", None)
        super().__setstate__(state)
        if stored is not None:
            self.network_ = EmbeddingNetwork(stored[0])
            self.network_.parameters.vector[...] = stored[1]

    def _shape(self, n_outputs: int) -> NetworkShape:
        return NetworkShape(
            n_networks=self.n_networks,
            n_embedded=self.kinds_.n_embedded,
            n_plain=self.kinds_.n_plain,
            levels=self.kinds_.levels,
            level_size=8,
            width=self.width,
            depth=self.depth,
            n_outputs=n_outputs,
            activation=self.activation,
        )

    def _learn_target(self, y: NDArray[Any], sample_weight: NDArray[Any] | None) -> Array:
        """Return what the outputs shall be: class shares, or standardised values."""
        if self.classification:
            self.n_classes_ = int(y.max()) + 1
        else:
            self.center_, self.spread_ = mean_and_spread(y, sample_weight)
            self.low_, self.high_ = float(np.min(y)), float(np.max(y))
        return self._target(y, self.label_smoothing)

    def _target(self, y: NDArray[Any], smoothing: float = 0.0) -> Array:
        if not self.classification:
            return ((y - self.center_) / self.spread_).astype(np.float32)[:, None]
        shares = np.eye(self.n_classes_, dtype=np.float32)[y] * np.float32(1 - smoothing)
        return shares + np.float32(smoothing / self.n_classes_)

    def _step(
        self,
        optimiser: AdamW,
        dense: Array,
        codes: NDArray[np.int64],
        target: Array,
        weight: Array,
        rows: NDArray[np.int64],
        progress: float,
        rng: np.random.Generator,
    ) -> None:
        """Take one step on ``rows``, shape (n_networks, batch)."""
        fade = flat_then_cosine(progress)
        some = codes[rows]
        outputs, tape = self.network_.forward(dense[rows], some, self.dropout * fade, rng)
        if self.classification:
            delta = softmax(outputs) - target[rows]
        else:
            delta = 2 * (outputs - target[rows])
        delta *= weight[rows] / np.float32(rows.shape[1])
        self.network_.backward(tape, some, delta)
        optimiser.step(self.learning_rate * four_cycles(progress), self.weight_decay * fade)

    def _answers(self, X: NDArray[Any]) -> Array:
        """Return the networks' mean probabilities or standardised values, (n_rows, n_outputs)."""
        X = np.asarray(X, dtype=np.float32)
        parts = []
        for start in range(0, max(len(X), 1), _ROWS_A_BLOCK):
            dense, codes = self.kinds_.split(X[start : start + _ROWS_A_BLOCK])
            shape = (self.n_networks, *dense.shape), (self.n_networks, *codes.shape)
            outputs = self.network_.outputs(
                np.broadcast_to(dense, shape[0]), np.broadcast_to(codes, shape[1])
            )
            parts.append((softmax(outputs) if self.classification else outputs).mean(axis=0))
        return np.vstack(parts)

    def _loss(self, X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None = None) -> float:
        answers = self._answers(X)
        if self.classification:
            known = answers[np.arange(len(y)), y]
            losses = -np.log(np.maximum(known, 1e-7))
        else:
            losses = np.square(answers - self._target(y))[:, 0]
        loss = float(np.average(losses, weights=weight))
        return loss if np.isfinite(loss) else np.inf
