"""A convolutional network on the pixels of pictures, trained by PyTorch and kept as ONNX."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.design import Design
from espalier.pipelines.architectures.inheritance import inherit, stored_weights
from espalier.pipelines.architectures.layers import Network
from espalier.pipelines.architectures.onnx_file import Colours, onnx_bytes
from espalier.pipelines.architectures.packages import need_deep
from espalier.pipelines.architectures.pixel_sizes import shrunk
from espalier.pipelines.architectures.recipe import Recipe
from espalier.pipelines.architectures.runtime import run_network
from espalier.pipelines.architectures.smaller.eight_bits import in_eight_bits as in_bytes
from espalier.pipelines.architectures.smaller.low_rank import thinner
from espalier.pipelines.architectures.smaller.pruned import narrower
from espalier.pipelines.architectures.training import Trained, train_network
from espalier.pipelines.architectures.weights import Weights, initial_weights
from espalier.pipelines.learners.neural.picture_estimator import PictureEstimator, picture_examples
from espalier.pipelines.learners.neural.target_code import TargetCode
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import generator

# From this share of its weights on, a network has a parent, and needs this share of the epochs.
_HEIR_SHARE, _HEIR_EPOCHS, _LEAST_EPOCHS = 0.5, 0.4, 3
# Layers that were cut get used to it in this share of the epochs and of the time, at a lower rate.
_MEND_SHARE, _MEND_RATE = 0.25, 0.3


class ConvNet(PictureEstimator):
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
        super().__init__(design, recipe, classification, seed, n_threads)
        self.stop_after = stop_after

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
        rank_share: float | None = None,
        channel_share: float | None = None,
        in_eight_bits: bool = False,
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
        rank_share : float or None
            Share of the rank that the large layers are cut to once trained, after which a few more
            epochs follow. None for all of it.
        channel_share : float or None
            Share of the channels that is left once trained, those that matter most; a few more
            epochs follow. None for all.
        in_eight_bits : bool
            Whether the stored numbers are integers of eight bits.

        With any of these, a parent of the same network is taken as it is, and not trained further.

        Raises
        ------
        UserError
            PyTorch is not installed.
        """
        need_deep()
        rng = generator(self.seed, "convnet")
        largest, n_pictures = X.shape[-2], X.shape[1]
        if self.classification:
            code = TargetCode(int(y.max()) + 1)
            self.n_classes_ = code.n_classes
        else:
            code = TargetCode.of_values(y, sample_weight)
            self.center_, self.spread_ = code.center, code.spread
            self.low_, self.high_ = float(np.min(y)), float(np.max(y))
        network = self.design.network(code.n_outputs, largest_side=largest, n_pictures=n_pictures)
        self.network_ = network
        start: Weights = initial_weights(network, rng)
        share = 0.0
        if parent is not None:
            given = inherit(network, start, parent.network_, stored_weights(parent.stored_))
            start, share = given.weights, given.share
        epochs = self.recipe.epochs if self.stop_after is None else self.stop_after
        is_heir = share >= _HEIR_SHARE
        is_cut = rank_share is not None or channel_share is not None
        is_smaller = is_cut or in_eight_bits
        if is_smaller and share == 1.0 and self.stop_after is None:  # a refit has other rows
            epochs = 0
        elif is_heir:
            epochs = max(min(epochs, _LEAST_EPOCHS), round(_HEIR_EPOCHS * epochs))
        examples = picture_examples(code, X, y, sample_weight, side=network.side)
        colours = Colours.of(examples.pixels)
        valid = None
        if eval_set is not None:
            valid = picture_examples(code, *eval_set, eval_weight, side=network.side)
        until = deadline or NEVER

        def train(net: Network, recipe: Recipe, weights: Weights) -> Trained:
            return train_network(
                net,
                recipe,
                weights,
                examples,
                colours,
                classification=self.classification,
                rng=rng,
                valid=valid,
                deadline=until,
                n_threads=self.n_threads,
            )

        trained = Trained(start, 0)
        if epochs:
            until = until.part(1.0 - _MEND_SHARE) if is_cut else until
            # What a parent has learnt of pictures as they are is not to be learnt again.
            small = 0.0 if is_heir else self.recipe.small_share
            recipe = replace(self.recipe, epochs=epochs, small_share=small)
            trained = train(network, recipe, start)
            until = deadline or NEVER
        before = parent.n_iterations_ if is_heir and parent is not None else 0
        self.n_iterations_ = min(before + trained.epochs, max(epochs, 2 * self.recipe.epochs))
        left: Weights = trained.weights
        if rank_share is not None:
            self.network_, left = thinner(network, left, rank_share)
        if channel_share is not None:
            self.network_, left = narrower(self.network_, left, channel_share)
        if rank_share is not None or self.network_ != network:
            trained = train(self.network_, _mending(self.recipe), left)
        self.losses_ = trained.losses
        self.stored_ = onnx_bytes(
            self.network_, trained.weights, colours, softmax=self.classification
        )
        if in_eight_bits:
            self.stored_ = in_bytes(self.stored_, examples.pixels)
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


def _mending(recipe: Recipe) -> Recipe:
    """Return how a network is trained on after its layers were cut."""
    return replace(
        recipe,
        learning_rate=_MEND_RATE * recipe.learning_rate,
        epochs=max(_LEAST_EPOCHS, round(_MEND_SHARE * recipe.epochs)),
        small_share=0.0,
    )
