"""The supernet of `convnet`, which workers fit before a search that asks for it: never a trial."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.batches import Batches
from espalier.pipelines.architectures.onepath.searching import Found, search_supernet
from espalier.pipelines.architectures.onepath.supernet import Supernet
from espalier.pipelines.architectures.onnx_file import Colours
from espalier.pipelines.architectures.packages import need_deep
from espalier.pipelines.architectures.training import using_threads
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.learners.neural.convnet_family import CONVNET, design_of, recipe_of
from espalier.pipelines.learners.neural.picture_estimator import PictureEstimator, picture_examples
from espalier.pipelines.learners.neural.target_code import TargetCode
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import generator
from espalier.pipelines.trials.configuration import Value

N_STAGES, MOST_DEPTH = 3, 3
"""Stages of the networks that it holds, and blocks in each at most."""
# What is not there at the deadline is lost, and the last judgement takes a moment.
_TIME_SHARE = 0.9
# Where no rows are kept back for it, preferences learn from this share of them.
_VALID_SHARE = 0.25


class SupernetSearch(PictureEstimator):
    """Train a supernet on pictures; what it found are networks to try, not predictions.

    The parameters are those of `PictureEstimator`.

    Attributes
    ----------
    found_ : Found
        The proposals.
    """

    found_: Found

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
        if self.classification:  # a class may be among the judges alone
            code = TargetCode(int(max(y.max(), eval_set[1].max())) + 1)
        else:
            code = TargetCode.of_values(y, weight)
        largest, n_pictures = X.shape[-2], X.shape[1]
        with using_threads(self.n_threads):
            supernet = Supernet(
                self.design,
                code.n_outputs,
                n_stages=N_STAGES,
                most_depth=MOST_DEPTH,
                largest_side=largest,
                n_pictures=n_pictures,
                rng=rng,
            )
            examples, valid = (
                picture_examples(code, pixels, values, counts, side=supernet.side)
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
