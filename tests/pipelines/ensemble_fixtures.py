"""Made libraries: out-of-fold predictions of models whose quality is known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


def _softmax(logits: NDArray[Any]) -> NDArray[Any]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture
def made_target() -> Callable[..., tuple[NDArray[Any], NDArray[Any]]]:
    """Return (y, signal): signal is what a perfect model would know, in link space."""

    def make(problem: ProblemKind, n_rows: int, seed: int = 0) -> tuple[Any, Any]:
        rng = np.random.default_rng(seed)
        if problem is ProblemKind.REGRESSION:
            signal = rng.normal(size=n_rows)
            return signal + 0.3 * rng.normal(size=n_rows), signal
        n_classes = 2 if problem is ProblemKind.BINARY else 4
        signal = 2.0 * rng.normal(size=(n_rows, n_classes))
        cumulated = _softmax(signal).cumsum(axis=1)
        y = (rng.random(n_rows)[:, None] > cumulated).sum(axis=1).clip(max=n_classes - 1)
        return y.astype(np.int64), signal

    return make


@pytest.fixture
def predictions_of() -> Callable[..., NDArray[np.float32]]:
    """Return predictions of a model that sees the signal through noise of its own."""

    def make(problem: ProblemKind, signal: NDArray[Any], noise: float, seed: int) -> Any:
        rng = np.random.default_rng([7, seed])
        seen = signal + noise * rng.normal(size=signal.shape)
        if problem is ProblemKind.REGRESSION:
            return seen.astype(np.float32)
        return _softmax(seen).astype(np.float32)

    return make


@pytest.fixture
def dataset_of() -> Callable[..., Dataset]:
    def make(problem: ProblemKind, y: NDArray[Any], **more: Any) -> Dataset:
        return Dataset(
            X=pd.DataFrame({"a": np.arange(len(y), dtype=float)}),
            y=y,
            problem=problem,
            roles={"a": ColumnRole.NUMERIC},
            classes=np.unique(y) if problem.is_classification else None,
            **more,
        )

    return make


@pytest.fixture
def results_of() -> Callable[..., list[TrialResult]]:
    """Return one successful result per array of predictions, scored on all rows."""

    def make(metric: Metric, y: NDArray[Any], predictions: dict[int, Any]) -> list[TrialResult]:
        found = []
        for number, values in predictions.items():
            known = np.isfinite(values if values.ndim == 1 else values.sum(axis=1))
            score = score_predictions(metric, y[known], values[known])
            trial = Trial(
                number=number, configuration=Configuration.of(f"f{number % 3}", {}), seed=0
            )
            found.append(
                TrialResult(
                    trial=trial,
                    status=TrialStatus.SUCCESS,
                    score=score,
                    fold_scores=(score,),
                    fit_seconds=1.0 + number,
                )
            )
        return found

    return make
