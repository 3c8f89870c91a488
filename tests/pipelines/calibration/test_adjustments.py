"""What adjustments do to the serving model: raw rows in, corrected answers out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import espalier.pipelines.serving.model as model_module
from espalier.pipelines.automl.estimators import AutoMLClassifier, AutoMLRegressor
from espalier.pipelines.calibration.adjustments import NO_ADJUSTMENTS, Adjustments
from espalier.pipelines.calibration.calibrators import BetaCalibrator
from espalier.pipelines.errors import UserError
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.serving.model import EnsembleModel
from espalier.pipelines.serving.saved_model import (
    MANIFEST_FILE,
    _load_pyfunc,
    load_model,
    save_model,
)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return (
        load_iris(as_frame=True)
        .frame.sample(90, random_state=0)
        .reset_index(drop=True)
        .rename(columns={"target": "species"})
    )


@pytest.fixture(scope="module")
def classifier(table: pd.DataFrame) -> EnsembleModel:
    made = AutoMLClassifier(time_budget=None, n_trials=1, families=["bayes"], random_state=0)
    return made.fit(table.drop(columns="species"), table["species"]).model_


@pytest.fixture(scope="module")
def regressor(table: pd.DataFrame) -> EnsembleModel:
    made = AutoMLRegressor(time_budget=None, n_trials=1, families=["linear"], random_state=0)
    return made.fit(table.drop(columns="sepal length (cm)"), table["sepal length (cm)"]).model_


@pytest.fixture(scope="module")
def rare() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(600, 3)), columns=list("abc"))
    noisy = X["a"] + 0.7 * X["b"] + 1.5 * rng.normal(size=600)
    return X, np.where(noisy > 2.2, "rare", "common")


@pytest.fixture(scope="module")
def tuned(rare: tuple[pd.DataFrame, np.ndarray]) -> AutoMLClassifier:
    X, y = rare
    made = AutoMLClassifier(
        time_budget=None,
        n_trials=2,
        families=["linear", "bayes"],
        random_state=0,
        metric="f1",
        holdout_fraction=0.2,
    )
    return made.fit(X, y)


def test_predict_uses_the_threshold_and_predict_proba_does_not(
    tuned: AutoMLClassifier, rare: tuple[pd.DataFrame, np.ndarray], tmp_path: Path
) -> None:
    X, _ = rare
    assert tuned.threshold_ is not None
    assert 0.05 < tuned.threshold_ < 0.45
    positive = tuned.predict_proba(X)[:, 1]
    expected = np.where(positive > tuned.threshold_, "rare", "common")
    np.testing.assert_array_equal(tuned.predict(X), expected)
    report = tuned.adjusted_.threshold
    assert report is not None
    assert report.value == tuned.threshold_
    served = _load_pyfunc(str(save_model(tuned.model_, tmp_path)))
    np.testing.assert_array_equal(served.predict(X)["prediction"], expected)
    manifest = json.loads((tmp_path / MANIFEST_FILE).read_text())
    assert manifest["threshold"] == tuned.threshold_


def test_the_hold_out_is_scored_as_predict_answers(
    tuned: AutoMLClassifier, rare: tuple[pd.DataFrame, np.ndarray]
) -> None:
    X, y = rare
    predicted = tuned.model_.predict_for_metric(X, METRICS["f1"])
    labels = tuned.model_.classes[predicted.argmax(axis=1)]  # type: ignore[index]
    np.testing.assert_array_equal(labels, tuned.predict(X))
    np.testing.assert_array_equal(
        tuned.model_.predict_for_metric(X, METRICS["roc_auc"]), tuned.predict_proba(X)
    )
    codes = (y == "rare").astype(int)
    assert score_predictions(METRICS["f1"], codes, predicted) > score_predictions(
        METRICS["f1"], codes, tuned.predict_proba(X)
    )


@pytest.mark.parametrize("threshold", [None, 0.3])
def test_a_threshold_of_ones_own_is_obeyed(
    rare: tuple[pd.DataFrame, np.ndarray], threshold: float | None
) -> None:
    X, y = rare
    made = AutoMLClassifier(
        time_budget=None,
        n_trials=1,
        families=["bayes"],
        random_state=0,
        metric="f1",
        threshold=threshold,
    ).fit(X, y)
    positive = made.predict_proba(X)[:, 1]
    cut = 0.5 if threshold is None else threshold
    assert made.threshold_ == cut
    np.testing.assert_array_equal(made.predict(X) == "rare", positive > cut)


def test_a_threshold_is_refused_where_there_is_none(table: pd.DataFrame) -> None:
    made = AutoMLClassifier(time_budget=None, n_trials=1, families=["bayes"], threshold=0.3)
    with pytest.raises(UserError, match="needs two classes"):
        made.fit(table.drop(columns="species"), table["species"])


def test_the_calibrator_corrects_what_members_say_and_nothing_else(
    tuned: AutoMLClassifier, rare: tuple[pd.DataFrame, np.ndarray], tmp_path: Path
) -> None:
    X, _ = rare
    plain = replace(tuned.model_, adjustments=NO_ADJUSTMENTS)
    calibrator = BetaCalibrator(0.5, 0.5, -1.0)
    changed = replace(plain, adjustments=Adjustments(calibrator=calibrator))
    expected = calibrator.apply(plain.predict_scores(X))
    np.testing.assert_array_equal(changed.predict_proba(X), expected)
    assert changed.weights == plain.weights
    again = load_model(save_model(changed, tmp_path))
    np.testing.assert_allclose(again.predict_proba(X), expected)
    assert changed.predict_proba(X.head(0)).shape == (0, 2)


def test_intervals_are_served_when_they_are_asked_for(
    regressor: EnsembleModel, table: pd.DataFrame, tmp_path: Path
) -> None:
    served = _load_pyfunc(str(save_model(regressor, tmp_path)))
    answer = served.predict(table, params={"interval": 0.8})
    assert list(answer.columns) == ["prediction", "lower", "upper"]
    np.testing.assert_allclose(answer["prediction"], regressor.predict(table))
    assert (answer["lower"] <= answer["prediction"]).all()
    assert (answer["prediction"] <= answer["upper"]).all()
    inside = table["sepal length (cm)"].between(answer["lower"], answer["upper"])
    assert 0.7 < inside.mean() <= 0.95
    assert list(served.predict(table, params={"interval": None}).columns) == ["prediction"]
    assert served.predict(table.head(0), params={"interval": 0.8}).shape == (0, 3)
    with pytest.raises(UserError, match="between 0 and 1"):
        served.predict(table, params={"interval": 90})


def test_a_classification_has_no_intervals(classifier: EnsembleModel, table: pd.DataFrame) -> None:
    with pytest.raises(UserError, match="no prediction intervals; ask for probabilities"):
        classifier.predict_interval(table)


def test_batches_of_intervals_give_what_all_rows_at_once_give(
    regressor: EnsembleModel, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = regressor.predict_interval(table, 0.8)
    monkeypatch.setattr(model_module, "BATCH_ROWS", 7)
    for one, other in zip(regressor.predict_interval(table, 0.8), whole, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_model_pickled_before_there_were_adjustments_opens(
    classifier: EnsembleModel, table: pd.DataFrame
) -> None:
    again = EnsembleModel.__new__(EnsembleModel)
    again.__setstate__(classifier.__getstate__()[:-1])  # type: ignore[operator]
    assert again.adjustments == NO_ADJUSTMENTS
    plain = replace(classifier, adjustments=NO_ADJUSTMENTS)
    np.testing.assert_array_equal(again.predict(table), plain.predict(table))
