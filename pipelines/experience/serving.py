"""Knowledge as an MLflow model: takes rows of a store and returns their expected quantiles.

``mlflow.pyfunc.load_model("models:/espalier experience@champion").predict(table)`` takes a table
with columns of `espalier.pipelines.experience.recording.schema`: those of the dataset, its
meta-features, ``family`` and ``values``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.experience.knowledge import Knowledge, open_knowledge
from espalier.pipelines.experience.recording.schema import META, SHAPE
from espalier.pipelines.experience.recording.space_alignment import (
    align_configuration,
    align_coordinates,
    space_of,
)
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Configuration

LOADER = "espalier.pipelines.experience.serving"


class ServedExperience:
    """The predictor as MLflow's pyfunc calls it.

    Parameters
    ----------
    knowledge : Knowledge
        The fitted knowledge.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    def predict(self, table: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow gives it
        """Return the expected quantile of each trial on its dataset, and its uncertainty.

        Both are missing if today's space has no such configuration.

        Parameters
        ----------
        table : DataFrame, shape (n, n_columns)
            Rows of a store; scores are not needed.
        params : mapping or None
            Ignored; part of MLflow's interface.
        """
        answers = [self._expected(row) for row in table.to_dict("records")]
        return pd.DataFrame(answers, columns=["expected_quantile", "doubt"], index=table.index)

    def _expected(self, row: Mapping[Any, Any]) -> tuple[float, float]:
        sizes: dict[str, Any] = {name: int(row[name]) for name in SHAPE}
        shape = DatasetShape(
            problem=ProblemKind(row["task"]), has_missing=bool(row["has_missing"]), **sizes
        )
        meta = {
            str(name).removeprefix(META): float(value)
            for name, value in row.items()
            if str(name).startswith(META) and name != "meta_version"
        }
        space = space_of(shape)
        today = align_configuration(
            Configuration.of(row["family"], json.loads(row["values"])), space
        )
        if today is None:
            return float("nan"), float("nan")
        predictor = self.knowledge.predictor
        X = align_coordinates(space.encode([today]), space.coordinates, predictor.coordinates)
        mean, doubt = predictor.predict(X, MetaFeatures.from_dict(meta))
        return float(ndtr(mean[0])), float(np.clip(doubt[0], 0.0, None))


def _load_pyfunc(path: str) -> ServedExperience:
    """Load knowledge that `Knowledge.save` wrote; MLflow calls this function by name."""
    return ServedExperience(open_knowledge(Path(path)))
