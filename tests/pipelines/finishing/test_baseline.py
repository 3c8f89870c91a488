from typing import Any

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.finishing.baseline import choose_baseline
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.serving.model import build_model
from espalier.pipelines.serving.saved_model import load_model, save_model


@pytest.mark.parametrize("kind", [ProblemKind.MULTICLASS, ProblemKind.REGRESSION])
def test_the_baseline_is_saved_and_answers_every_row_alike(
    kind: ProblemKind, made_target: Any, dataset_of: Any, tmp_path: Any
) -> None:
    y, _ = made_target(kind, 80)
    dataset = dataset_of(kind, y)
    metric = METRICS["log_loss" if kind.is_classification else "rmse"]
    preparation, _ = prepare(dataset.X, target=None)
    choice, fitted = choose_baseline(dataset, metric)
    model = build_model(
        choice,
        fitted,
        preparation=preparation,
        dataset=dataset,
        metric=metric.name,
        example=dataset.X.head(),
    )
    opened = load_model(save_model(model, tmp_path))
    answers = opened.predict_scores(pd.DataFrame({"a": [1.0, 2.0, np.nan]}))
    expected = np.bincount(y) / len(y) if kind.is_classification else np.mean(y)
    np.testing.assert_allclose(answers, np.broadcast_to(expected, answers.shape), rtol=0.05)
    assert opened.method == "baseline"
    assert np.isfinite(choice.cv_score)
