"""Rounding is forgiven, another answer is not."""

from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.automl.estimators import AutoMLClassifier, AutoMLRegressor
from espalier.pipelines.serving.golden_rows import Answers, check_golden, choose_golden
from espalier.pipelines.serving.model import EnsembleModel
from espalier.pipelines.serving.model_check import (
    ModelCheck,
    ModelDiffersError,
    PackageChange,
    package_changes,
)
from espalier.pipelines.serving.saved_model import GOLDEN_FILE, open_model, save_model


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    size = rng.normal(size=80)
    return pd.DataFrame({"size": size, "kind": rng.choice(["a", "b"], 80)})


@pytest.fixture(scope="module")
def classifier(table: pd.DataFrame) -> EnsembleModel:
    made = AutoMLClassifier(time_budget=None, n_trials=1, families=["linear"], random_state=0)
    return made.fit(table, np.where(table["size"] > 0, "yes", "no")).model_


@pytest.fixture(scope="module")
def years(table: pd.DataFrame) -> EnsembleModel:
    """A regression whose values are far from zero and near each other."""
    made = AutoMLRegressor(time_budget=None, n_trials=1, families=["linear"], random_state=0)
    noise = np.random.default_rng(1).normal(scale=0.2, size=len(table))
    return made.fit(table, 2000.0 + table["size"] + noise).model_


def test_a_value_is_compared_with_what_matters_in_it(
    years: EnsembleModel, table: pd.DataFrame
) -> None:
    rows, then = choose_golden(years, table)
    assert rows is not None
    assert then is not None
    assert check_golden(years, rows, then).answers is Answers.SAME
    assert check_golden(years, rows, then * (1 + 3e-7)).answers is Answers.SAME  # single precision
    check = check_golden(years, rows, then + 0.5)  # 0.025 % of the value, and half of what it tells
    assert check.answers is Answers.DIFFERENT
    assert check.largest == pytest.approx(0.5)
    assert not check.is_trusted


def test_golden_rows_near_each_other_are_judged_by_the_error_of_the_model(
    years: EnsembleModel, table: pd.DataFrame
) -> None:
    rows = table.iloc[[0, 0, 0]].reset_index(drop=True)
    then = years.predict_scores(rows)
    exact = replace(years, adjustments=replace(years.adjustments, intervals=None))
    near = then + 1e-4 * np.arange(3)
    assert check_golden(years, rows, near).answers is Answers.SAME
    assert check_golden(years, rows, then + 0.1).answers is Answers.DIFFERENT
    assert check_golden(exact, rows, then).answers is Answers.SAME


def test_labels_must_not_differ(classifier: EnsembleModel, table: pd.DataFrame) -> None:
    rows, then = choose_golden(classifier, table)
    assert then is not None
    assert check_golden(classifier, rows, then * (1 + 1e-6)).answers is Answers.SAME
    check = check_golden(classifier, rows, then[:, ::-1])
    assert (check.answers, check.n_labels) == (Answers.DIFFERENT, len(then))
    assert f"{len(then)} of {len(then)} labels differ" in check.text
    # Two labels that change places by less than rounding are another label all the same.
    close = np.array([[0.50001, 0.49999]])
    threshold = replace(classifier, adjustments=replace(classifier.adjustments, threshold=0.49995))
    moved = replace(threshold, adjustments=replace(threshold.adjustments, threshold=0.5))
    assert threshold.codes(close) != moved.codes(close)


def test_rows_that_rounding_could_label_otherwise_are_not_taken(
    classifier: EnsembleModel, table: pd.DataFrame
) -> None:
    first = float(classifier.predict_scores(table.head(1))[0, 1])
    undecided = replace(
        classifier, adjustments=replace(classifier.adjustments, threshold=first + 1e-5)
    )
    rows, answers = choose_golden(undecided, table)
    assert rows is not None
    assert answers is not None
    assert len(rows) == len(answers) == 8
    assert not (rows["size"] == table["size"][0]).any()
    # Without a clear row there is no choice.
    alone, _ = choose_golden(undecided, table.head(1))
    assert alone is not None
    assert len(alone) == 1


def test_a_model_that_cannot_answer_has_failed(
    classifier: EnsembleModel, table: pd.DataFrame
) -> None:
    rows, then = choose_golden(classifier, table)
    assert rows is not None
    check = check_golden(classifier, rows.drop(columns="kind"), then)
    assert check.answers is Answers.FAILED
    assert "'kind'" in check.text
    assert check_golden(classifier, None, None).is_trusted


def test_a_refusal_says_what_differs_and_what_to_do(
    classifier: EnsembleModel, table: pd.DataFrame, tmp_path: Path
) -> None:
    folder = save_model(classifier, tmp_path, golden=table)
    open_model(folder).check.require_same_answers("churn/3")
    rows, answers = joblib.load(folder / GOLDEN_FILE)
    joblib.dump((rows, answers[:, ::-1]), folder / GOLDEN_FILE)
    check = open_model(folder).check
    with pytest.raises(ModelDiffersError, match=r"churn/3 .*packages are those.*--on-difference"):
        check.require_same_answers("churn/3")
    newer = ModelCheck(golden=check.golden, packages=package_changes({"numpy": "0.1", "zzz": "2"}))
    assert newer.packages[0] == PackageChange("numpy", "0.1", np.__version__)
    with pytest.raises(ModelDiffersError, match=r"numpy 0\.1 -> .*, zzz 2 -> not installed"):
        newer.require_same_answers("churn/3")
