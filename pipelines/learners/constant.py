"""The baseline model, which predicts a constant; not a family of the search."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset, DatasetShape
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.preprocessing.rows import PreparedRows
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Configuration, Value

NAME = "baseline"


class ConstantCandidate(Candidate):
    """A candidate that predicts the same for every row and needs no fit.

    Attributes
    ----------
    answer_ : array, shape (1, K) or (1,)
        Probabilities or a value.
    """

    answer_: NDArray[np.float64]

    def predict_scores(self, X: "pd.DataFrame | PreparedRows") -> NDArray[np.float32]:
        """Return the constant prediction for each row."""
        return np.repeat(self.answer_, len(X), axis=0).astype(np.float32)


def constant_candidate(dataset: Dataset, answer: NDArray[np.float64]) -> ConstantCandidate:
    """Return a candidate for tables like ``dataset`` that always predicts ``answer``."""
    candidate = ConstantCandidate(
        configuration=Configuration.of(NAME, {}),
        learner=_CONSTANT,
        roles=dataset.roles,
        shape=dataset.shape,
        seed=0,
    )
    candidate.answer_ = answer
    return candidate


def _no_space(shape: DatasetShape) -> Any:
    raise NotImplementedError(f"a constant has no space to search on {shape.n_rows} rows")


def _no_model(values: Mapping[str, Value], context: BuildContext) -> Any:
    raise NotImplementedError(f"a constant is not built from {dict(values)} and {context.seed}")


def _no_time(values: Mapping[str, Value], shape: DatasetShape) -> float:
    del values, shape
    return 0.0


_CONSTANT = Learner(
    name=NAME,
    label="Constant",
    problems=frozenset(ProblemKind),
    space=_no_space,
    build=_no_model,
    expected_seconds=_no_time,
)
