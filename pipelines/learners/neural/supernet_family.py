"""The supernet of `convnet`, which workers fit before a search that asks for it: never a trial."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.architectures.batches import Batches, Examples
from espalier.pipelines.architectures.design import Design
from espalier.pipelines.architectures.onepath.searching import Found, search_supernet
from espalier.pipelines.architectures.onepath.supernet import Supernet
from espalier.pipelines.architectures.onnx_file import Colours
from espalier.pipelines.architectures.packages import need_deep
from espalier.pipelines.architectures.pixel_sizes import shrunk
from espalier.pipelines.architectures.recipe import Recipe
from espalier.pipelines.architectures.training import using_threads
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.learners.base.target_scale import mean_and_spread
from espalier.pipelines.learners.neural.convnet_family import CONVNET, design_of, recipe_of
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import generator
from espalier.pipelines.trials.configuration import Value

N_STAGES, MOST_DEPTH = 3, 3
"""Stages of the networks that it holds, and blocks in each at most."""
# What is not there at the deadline is lost, and the last judgement takes a moment.
_TIME_SHARE = 0.9
# Where no rows are kept back for it, preferences learn from this share of them.
_VALID_SHARE = 0.25


class SupernetSearch(BaseEstimator):
    """Train a supernet on pictures; what it found are networks to try, not predictions.

    Parameters
    ----------
    design : Design
        What the networks have in common.
    recipe : Recipe
        How weights are trained.
    classification : bool
        Whether ``y`` holds class codes.
    seed : int
        Seed of everything random.
    n_threads : int
        Threads.

    Attributes
    ----------
    found_ : Found
        The proposals.
    """

    found_: Found

    def __init__(
        self,
        design: Design = Design(),  # noqa: B008, it is frozen
        recipe: Recipe = Recipe(),  # noqa: B008
        classification: bool = True,
        seed: int = 0,
        n_threads: int = 1,
    ) -> None:
        self.design = design
        self.recipe = recipe
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
    ) -> "SupernetSearch":
        """Search on pictures and their codes or values.

        Parameters
        ----------
        X : array of uint8, shape (n_rows, n_pictures, side, side, 3)
            The pictures of each row.
        y : array, shape (n_rows,)
            Codes 0..K-1, or values.
        sample_weight, eval_weight : array or None
            How much rows count.
        eval_set : (X, y) or None
            Rows that judge the options of a stage; None for a quarter of the others.
        deadline : Deadline or None
            When it must be over.

        Raises
        ------
        UserError
            PyTorch is not installed.
        """
        need_deep()
        rng = generator(self.seed, "supernet")
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        if eval_set is None:
            order = rng.permutation(len(y))
            judges, rows = np.split(order, [max(1, round(_VALID_SHARE * len(y)))])
            eval_set, eval_weight = (X[judges], y[judges]), weight[judges]
            X, y, weight = X[rows], y[rows], weight[rows]
        n_outputs = int(max(y.max(), eval_set[1].max())) + 1 if self.classification else 1
        largest, n_pictures = X.shape[-2], X.shape[1]
        scale = (0.0, 1.0) if self.classification else mean_and_spread(y, weight)
        with using_threads(self.n_threads):
            supernet = Supernet(
                self.design,
                n_outputs,
                n_stages=N_STAGES,
                most_depth=MOST_DEPTH,
                largest_side=largest,
                n_pictures=n_pictures,
                rng=rng,
            )
            examples, valid = (
                _examples(shrunk(pixels, supernet.side), values, counts, n_outputs, scale)
                for pixels, values, counts in ((X, y, weight), (*eval_set, eval_weight))
            )
            self.found_ = search_supernet(
                supernet,
                self.recipe,
                examples,
                valid,
                Batches(Colours.of(examples.pixels), self.classification),
                rng=rng,
                deadline=(deadline or NEVER).part(_TIME_SHARE),
            )
        return self


def _examples(
    pixels: NDArray[np.uint8],
    y: NDArray[Any],
    weight: NDArray[Any] | None,
    n_outputs: int,
    scale: tuple[float, float],
) -> Examples:
    """Return rows as `Examples`: one-hot codes where there are several outputs, else values."""
    if n_outputs > 1:
        target = np.eye(n_outputs, dtype=np.float32)[y]
    else:
        target = ((y - scale[0]) / scale[1]).astype(np.float32)[:, None]
    counts = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    counts = counts / max(float(counts.mean()), 1e-12)
    return Examples(pixels, target, counts.astype(np.float32))


def build(values: Mapping[str, Value], context: BuildContext) -> SupernetSearch:
    """Return a search whose networks have the width, layers and training of these values."""
    return SupernetSearch(
        design_of(values, context.shape),
        recipe_of(values),
        classification=context.shape.problem.is_classification,
        seed=context.seed,
        n_threads=context.n_threads,
    )


SUPERNET: Learner = replace(
    CONVNET,
    name="supernet",
    label="Network that holds many",
    build=build,
    inherits=False,
    least_operations=None,
)
"""Fitted by workers before a search that asks for it; no search space has it."""
