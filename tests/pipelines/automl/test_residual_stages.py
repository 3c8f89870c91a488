"""Residual members: only what lowers the loss of rows that it was not chosen on."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.automl.estimators import AutoMLRegressor
from espalier.pipelines.automl.residual_search import find_residual_members
from espalier.pipelines.automl.residual_stages import BLOCKS, pseudo_residual, residual_stages
from espalier.pipelines.calibration.adjustments import NO_ADJUSTMENTS
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.splitting.splits import plan_folds
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.ensemble.losses import make_loss
from espalier.pipelines.errors import UserError
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.serving.model import EnsembleModel
from espalier.pipelines.serving.saved_model import load_model, save_model

KINDS = [ProblemKind.BINARY, ProblemKind.REGRESSION]


def problem(kind: ProblemKind, n_rows: int, seed: int) -> tuple[Any, Any, Any]:
    """Return the target, the link values of an ensemble, and what it has overlooked."""
    rng = np.random.default_rng(seed)
    seen, overlooked = rng.normal(size=n_rows), rng.normal(size=n_rows)
    signal = seen + overlooked
    if kind is ProblemKind.REGRESSION:
        return signal + 0.3 * rng.normal(size=n_rows), seen[:, None], overlooked
    y = (rng.random(n_rows) < 1.0 / (1.0 + np.exp(-2.0 * signal))).astype(np.int64)
    return y, 2.0 * seen[:, None], overlooked


def stages_of(kind: ProblemKind, y: Any, F: Any, candidates: Any, seed: int) -> Any:
    blocks = np.random.default_rng(seed).permutation(len(y)) % BLOCKS
    return residual_stages(F, candidates, lambda rows: make_loss(y[rows], kind, 2), blocks)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_overlooked_is_added(kind: ProblemKind) -> None:
    y, F, overlooked = problem(kind, 400, seed=0)
    noise = np.random.default_rng(1).normal(size=(2, 400))
    found = stages_of(kind, y, F, np.stack([noise[0], overlooked, noise[1]]), 0)
    assert {position for position, _ in found.chosen} == {1}
    assert all(step > 0 for _, step in found.chosen)
    loss = make_loss(y, kind, 2)
    assert loss.value(found.nested) < 0.8 * loss.value(F)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(KINDS), st.integers(0, 10_000))
def test_accepted_stages_lower_the_nested_loss(kind: ProblemKind, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, F, overlooked = problem(kind, 120, seed)
    candidates = rng.uniform(0, 1, (3, 1)) * overlooked + rng.normal(size=(3, 120))
    found = stages_of(kind, y, F, candidates, seed)
    if found.chosen:
        assert make_loss(y, kind, 2).value(found.nested) < make_loss(y, kind, 2).value(F)
    else:
        np.testing.assert_array_equal(found.nested, F)
    for gain, error in found.gains[: len(found.chosen)]:
        assert gain > error


def test_noise_hardly_ever_passes() -> None:
    passed = 0
    for seed in range(40):
        y, F, _ = problem(ProblemKind.REGRESSION, 150, seed)
        noise = np.random.default_rng(100 + seed).normal(size=(5, 150))
        passed += bool(stages_of(ProblemKind.REGRESSION, y, F, noise, seed).chosen)
    assert passed <= 8


def test_the_residual_does_not_depend_on_weights_of_rows() -> None:
    y, F, _ = problem(ProblemKind.REGRESSION, 50, 0)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 50)
    weight[:5] = 0.0
    loss = make_loss(y, ProblemKind.REGRESSION, 1, weight)
    residual = pseudo_residual(loss, F, weight)
    assert (residual[:5] == 0).all()
    ratio = residual[5:] / (y - F[:, 0])[5:]
    np.testing.assert_allclose(ratio, ratio[0])


def _linear_context(X: pd.DataFrame, y: Any) -> EvaluationContext:
    dataset = Dataset(
        X=X,
        y=y,
        problem=ProblemKind.REGRESSION,
        roles={"a": ColumnRole.NUMERIC, "b": ColumnRole.NUMERIC},
        classes=None,
    )
    return EvaluationContext(
        dataset=dataset,
        folds=plan_folds(dataset, seed=0),
        metric=METRICS["rmse"],
        learners=choose_learners(["linear"], dataset.shape),
    )


def test_the_search_finds_what_the_ensemble_cannot_say() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "b"])
    y = (X["a"] + 2.0 * X["b"]).to_numpy() + 0.1 * rng.normal(size=300)
    context = _linear_context(X, y)
    choice = EnsembleChoice(
        members=((0, 1.0),),
        method="best single",
        cv_score=1.0,
        rule=Combination(
            problem=ProblemKind.REGRESSION, space=CombinationSpace.PROBABILITY, weights=(1.0,)
        ),
    )
    predictions = {0: X["a"].to_numpy(dtype=np.float32)}  # knows nothing of b
    found = find_residual_members(
        choice,
        predictions,
        context,
        SerialExecutor,
        budget=Budget(trials=3),
        deadline=Deadline(None),
        seed=0,
    )
    assert found is not None
    assert found.correction is not None
    corrected = found.correction.apply(predictions[0], X, [predictions[0]])
    assert np.mean((corrected - y) ** 2) < 0.1 * np.mean((predictions[0] - y) ** 2)
    assert found.choice.nested is not None
    assert np.mean((found.choice.nested.predictions - y) ** 2) < 1.0
    gap = predictions[0].copy()
    gap[0] = np.nan
    assert (
        find_residual_members(
            choice,
            {0: gap},
            context,
            SerialExecutor,
            budget=Budget(trials=3),
            deadline=Deadline(None),
            seed=0,
        )
        is None
    )


def test_a_second_layer_sees_what_the_members_answer() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "b"])
    hidden = rng.normal(size=300)  # known to a member, and to no column
    y = X["a"].to_numpy() + hidden + 0.1 * rng.normal(size=300)
    context = _linear_context(X, y)
    choice = EnsembleChoice(
        members=((0, 0.9), (1, 0.1)),
        method="average",
        cv_score=1.0,
        rule=Combination(
            problem=ProblemKind.REGRESSION, space=CombinationSpace.PROBABILITY, weights=(0.9, 0.1)
        ),
    )
    predictions = {0: X["a"].to_numpy(dtype=np.float32), 1: hidden.astype(np.float32)}
    answers = list(predictions.values())
    combined = choice.rule.apply(answers)
    losses = []
    for sees in (False, True):
        found = find_residual_members(
            choice,
            predictions,
            context,
            SerialExecutor,
            budget=Budget(trials=3),
            deadline=Deadline(None),
            seed=0,
            sees_answers=sees,
        )
        assert found is not None
        corrected = (
            combined if found.correction is None else found.correction.apply(combined, X, answers)
        )
        losses.append(np.mean((corrected - y) ** 2))
    assert losses[1] < 0.2 * losses[0]


@pytest.mark.parametrize("sees_answers", [False, True])
def test_the_estimator_adds_what_its_family_cannot_say(tmp_path: Path, sees_answers: bool) -> None:
    rng = np.random.default_rng(0)
    every = pd.DataFrame(rng.normal(size=(450, 2)), columns=["a", "b"])
    values = every["a"] + 2.0 * np.sin(3.0 * every["b"])
    X, y, new, truth = every[:250], values[:250], every[250:], values[250:]
    model = AutoMLRegressor(
        time_budget=None,
        n_trials=4,
        families=["linear", "knn"],
        random_state=0,
        residual_share=0.5,
        residual_sees_answers=sees_answers,
        ensemble=False,
    ).fit(X, y)
    opened = load_model(save_model(model.model_, tmp_path))
    np.testing.assert_allclose(opened.predict_scores(X), model.predict(X))
    if model.model_.correction is not None:
        plain = replace(model.model_, correction=None).predict(new)
        assert np.mean((model.predict(new) - truth) ** 2) < np.mean((plain - truth) ** 2)
    with pytest.raises(UserError, match="residual_share"):
        AutoMLRegressor(time_budget=None, n_trials=2, residual_share=0.9).fit(X, y)


def test_models_of_older_versions_open_without_a_correction() -> None:
    names = [each.name for each in fields(EnsembleModel)]
    for missing in (0, 1, 2):
        model = object.__new__(EnsembleModel)
        model.__setstate__(names[: len(names) - missing])
        found = [model.adjustments, model.correction]
        kept = ["adjustments", "correction"][: 2 - missing]
        assert found == kept + [NO_ADJUSTMENTS, None][2 - missing :]
