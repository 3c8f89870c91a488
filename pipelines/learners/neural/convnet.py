"""A convolutional network on the pixels of pictures, trained by PyTorch and kept as ONNX."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.architectures.design import Design
from espalier.pipelines.architectures.inheritance import inherit, stored_weights
from espalier.pipelines.architectures.layers import Network
from espalier.pipelines.architectures.onnx_file import Colours, onnx_bytes
from espalier.pipelines.architectures.packages import need_deep
from espalier.pipelines.architectures.pixel_sizes import shrunk
from espalier.pipelines.architectures.recipe import Recipe
from espalier.pipelines.architectures.runtime import run_network
from espalier.pipelines.architectures.training import Examples, train_network
from espalier.pipelines.architectures.weights import Weights, initial_weights
from espalier.pipelines.learners.base.target_scale import mean_and_spread
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import generator

# From this share of its weights on, a network has a parent, and needs this share of the epochs.
_HEIR_SHARE, _HEIR_EPOCHS, _LEAST_EPOCHS = 0.5, 0.4, 3


class ConvNet(BaseEstimator):
    """Train a network on pixels, with the best epoch kept and a deadline.

    Parameters
    ----------
    design : Design
        The network.
    recipe : Recipe
        How it is trained.
    stop_after : int or None
        Epochs to train, instead of those of the recipe.
    classification : bool
        Whether ``y`` holds class codes.
    seed : int
        Seed of everything random.
    n_threads : int
        Threads.

    Attributes
    ----------
    network_ : Network
        Its steps.
    stored_ : bytes
        The network as an ONNX file: all that predictions need.
    n_iterations_ : int
        Epochs kept, those of its ancestors included.
    """

    network_: Network
    stored_: bytes
    n_iterations_: int

    def __init__(
        self,
        design: Design = Design(),  # noqa: B008, it is frozen
        recipe: Recipe = Recipe(),  # noqa: B008
        stop_after: int | None = None,
        classification: bool = True,
        seed: int = 0,
        n_threads: int = 1,
    ) -> None:
        self.design = design
        self.recipe = recipe
        self.stop_after = stop_after
        self.classification = classification
        self.seed = seed
        self.n_threads = n_threads

    def fit(
        self,
        X: NDArray[np.uint8],
        y: NDArray[Any],
        *,
        sample_weight: NDArray[Any] | None = None,
        eval_set: tuple[NDArray[np.uint8], NDArray[Any]] | None = None,
        eval_weight: NDArray[Any] | None = None,
        deadline: Deadline | None = None,
        parent: "ConvNet | None" = None,
    ) -> "ConvNet":
        """Train on pictures and their codes or values.

        Parameters
        ----------
        X : array of uint8, shape (n_rows, n_pictures, side, side, 3)
            The pictures of each row.
        y : array, shape (n_rows,)
            Codes 0..K-1, or values.
        sample_weight, eval_weight : array or None
            How much rows count.
        eval_set : (X, y) or None
            Rows that tell the best epoch.
        deadline : Deadline or None
            When training must be over.
        parent : ConvNet or None
            A network that is trained on these rows or a part of them, whose weights this one
            starts from where layers are alike; then fewer epochs are needed.

        Raises
        ------
        UserError
            PyTorch is not installed.
        """
        need_deep()
        rng = generator(self.seed, "convnet")
        largest, n_pictures = X.shape[-2], X.shape[1]
        if self.classification:
            self.n_classes_ = int(y.max()) + 1
        else:
            self.center_, self.spread_ = mean_and_spread(y, sample_weight)
            self.low_, self.high_ = float(np.min(y)), float(np.max(y))
        n_outputs = self.n_classes_ if self.classification else 1
        network = self.design.network(n_outputs, largest_side=largest, n_pictures=n_pictures)
        self.network_ = network
        start: Weights = initial_weights(network, rng)
        share = 0.0
        if parent is not None:
            given = inherit(network, start, parent.network_, stored_weights(parent.stored_))
            start, share = given.weights, given.share
        epochs = self.recipe.epochs if self.stop_after is None else self.stop_after
        is_heir = share >= _HEIR_SHARE
        if is_heir:
            epochs = max(min(epochs, _LEAST_EPOCHS), round(_HEIR_EPOCHS * epochs))
        examples = self._examples(X, y, sample_weight)
        colours = Colours.of(examples.pixels)
        trained = train_network(
            network,
            replace(self.recipe, epochs=epochs),
            start,
            examples,
            colours,
            classification=self.classification,
            rng=rng,
            valid=None if eval_set is None else self._examples(*eval_set, eval_weight),
            deadline=deadline or NEVER,
            n_threads=self.n_threads,
        )
        before = parent.n_iterations_ if is_heir and parent is not None else 0
        self.n_iterations_ = min(before + trained.epochs, max(epochs, 2 * self.recipe.epochs))
        self.losses_ = trained.losses
        self.stored_ = onnx_bytes(network, trained.weights, colours, softmax=self.classification)
        return self

    def predict(self, X: NDArray[np.uint8]) -> NDArray[Any]:
        """Return values, shape (n_rows,), within the range seen; or class codes."""
        answers = self._answers(X)
        if self.classification:
            return np.argmax(answers, axis=1)
        values = answers[:, 0].astype(np.float64) * self.spread_ + self.center_
        return np.clip(values, self.low_, self.high_)

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        return self._answers(X)

    def _answers(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        return run_network(self.stored_, shrunk(X, self.network_.side))

    def _examples(
        self, X: NDArray[np.uint8], y: NDArray[Any], weight: NDArray[Any] | None
    ) -> Examples:
        if self.classification:
            target = np.eye(self.n_classes_, dtype=np.float32)[y]
        else:
            target = ((y - self.center_) / self.spread_).astype(np.float32)[:, None]
        counts = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
        counts = counts / max(float(counts.mean()), 1e-12)
        return Examples(shrunk(X, self.network_.side), target, counts.astype(np.float32))
