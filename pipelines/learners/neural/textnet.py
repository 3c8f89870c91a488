"""A network on the tokens of texts, trained by PyTorch and kept as ONNX."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.architectures.packages import need_deep
from espalier.pipelines.architectures.recipe import Recipe
from espalier.pipelines.architectures.tokens.design import TextDesign
from espalier.pipelines.architectures.tokens.examples import TextExamples, Texts
from espalier.pipelines.architectures.tokens.layers import TextNetwork
from espalier.pipelines.architectures.tokens.lexicon import Lexicon, n_tokens
from espalier.pipelines.architectures.tokens.onnx_file import onnx_bytes
from espalier.pipelines.architectures.tokens.runtime import StoredNetwork
from espalier.pipelines.architectures.tokens.weights import initial_weights
from espalier.pipelines.architectures.training import train
from espalier.pipelines.learners.neural.target_code import TargetCode, counts_of
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import generator


class TextNet(BaseEstimator):
    """Train a network on tokens, with the best epoch kept and a deadline.

    Parameters
    ----------
    design : TextDesign
        The network.
    recipe : Recipe
        How it is trained.
    blanked : float
        Share of the tokens that has no vector in training, drawn anew each time.
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
    network_ : TextNetwork
        Its steps.
    stored_ : StoredNetwork
        The network as an ONNX file: all that predictions need.
    n_vectors_ : int
        Vectors of tokens that it holds, learned ones and those of the table.
    n_iterations_ : int
        Epochs kept.
    """

    network_: TextNetwork
    stored_: StoredNetwork
    n_vectors_: int
    n_iterations_: int

    def __init__(
        self,
        design: TextDesign = TextDesign(),  # noqa: B008, it is frozen
        recipe: Recipe = Recipe(),  # noqa: B008
        blanked: float = 0.0,
        stop_after: int | None = None,
        classification: bool = True,
        seed: int = 0,
        n_threads: int = 1,
    ) -> None:
        self.design = design
        self.recipe = recipe
        self.blanked = blanked
        self.stop_after = stop_after
        self.classification = classification
        self.seed = seed
        self.n_threads = n_threads

    def fit(
        self,
        X: NDArray[np.uint16],
        y: NDArray[Any],
        *,
        sample_weight: NDArray[Any] | None = None,
        eval_set: tuple[NDArray[np.uint16], NDArray[Any]] | None = None,
        eval_weight: NDArray[Any] | None = None,
        deadline: Deadline | None = None,
    ) -> "TextNet":
        """Train on texts and their codes or values.

        Parameters
        ----------
        X : array of uint16, shape (n_rows, n_columns, length)
            The tokens of each row's texts.
        y : array, shape (n_rows,)
            Codes 0..K-1, or values.
        sample_weight, eval_weight : array or None
            How much rows count.
        eval_set : (X, y) or None
            Rows that tell the best epoch.
        deadline : Deadline or None
            When training must be over.

        Raises
        ------
        UserError
            PyTorch is not installed.
        """
        need_deep()
        rng = generator(self.seed, "textnet")
        if self.classification:
            self.code_ = code = TargetCode(int(y.max()) + 1)
        else:
            self.code_ = code = TargetCode.of_values(y, sample_weight)
            self.low_, self.high_ = float(np.min(y)), float(np.max(y))
        design = self.design
        self.network_ = network = design.network(code.n_outputs, n_columns=X.shape[1])
        lexicon = Lexicon.of(X[:, :, : design.most_tokens], design.vectors, design.width)
        examples = TextExamples(X, code.targets(y), counts_of(y, sample_weight))
        valid = None
        if eval_set is not None:
            X_valid, y_valid = eval_set
            valid = TextExamples(X_valid, code.targets(y_valid), counts_of(y_valid, eval_weight))
        epochs = self.recipe.epochs if self.stop_after is None else self.stop_after
        trained = train(
            Texts(network, lexicon, self.classification, self.blanked),
            replace(self.recipe, epochs=epochs),
            initial_weights(network, lexicon, rng),
            examples,
            classification=self.classification,
            rng=rng,
            valid=valid,
            deadline=deadline or NEVER,
            n_threads=self.n_threads,
        )
        self.n_iterations_, self.losses_ = trained.epochs, trained.losses
        self.n_vectors_ = lexicon.n_learned + (0 if lexicon.numbers is None else n_tokens())
        self.stored_ = StoredNetwork.of(
            onnx_bytes(network, trained.weights, lexicon, softmax=self.classification)
        )
        return self

    def predict(self, X: NDArray[np.uint16]) -> NDArray[Any]:
        """Return values, shape (n_rows,), within the range seen; or class codes."""
        answers = self.predict_proba(X)
        if self.classification:
            return np.argmax(answers, axis=1)
        values = answers[:, 0].astype(np.float64) * self.code_.spread + self.code_.center
        return np.clip(values, self.low_, self.high_)

    def predict_proba(self, X: NDArray[np.uint16]) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        return self.stored_.answers(X, self.network_.most_tokens)
