"""The serving model on real learners: raw rows in, predictions out."""

import json
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import espalier.pipelines.serving.model as model_module
from espalier.pipelines.automl.estimators import AutoMLClassifier, AutoMLRegressor
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.errors import MissingColumnsError, UserError
from espalier.pipelines.members.member import Member
from espalier.pipelines.serving.model import EnsembleModel
from espalier.pipelines.serving.saved_model import (
    MANIFEST_FILE,
    ServedModel,
    ServingWarning,
    _load_pyfunc,
    load_model,
    requirements,
    save_model,
)

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    frame = load_iris(as_frame=True).frame.sample(90, random_state=0).reset_index(drop=True)
    frame["colour"] = np.where(frame["petal width (cm)"] > 1, "dark", "light")
    frame["species"] = np.array(["setosa", "versicolor", "virginica"])[frame.pop("target")]
    frame.loc[3, "petal width (cm)"] = np.nan
    return frame


@pytest.fixture(scope="module")
def classifier(table: pd.DataFrame) -> EnsembleModel:
    made = AutoMLClassifier(
        time_budget=None, n_trials=3, families=["linear", "bayes", "knn"], random_state=0
    )
    return made.fit(table.drop(columns="species"), table["species"]).model_


@pytest.fixture(scope="module")
def regressor(table: pd.DataFrame) -> EnsembleModel:
    made = AutoMLRegressor(time_budget=None, n_trials=1, families=["linear"], random_state=0)
    return made.fit(table.drop(columns="sepal length (cm)"), table["sepal length (cm)"]).model_


def test_extra_and_reordered_columns_change_nothing(
    classifier: EnsembleModel, table: pd.DataFrame
) -> None:
    plain = classifier.predict_proba(table)
    mixed = table[table.columns[::-1]].assign(extra=1)
    np.testing.assert_array_equal(classifier.predict_proba(mixed), plain)


def test_unseen_categories_and_new_nulls_are_fine(
    classifier: EnsembleModel, table: pd.DataFrame
) -> None:
    rows = table.head(4).copy()
    rows["colour"] = ["violet", None, np.nan, "dark"]
    rows["sepal width (cm)"] = [np.nan, np.inf, 1.0, -5.0]
    scores = classifier.predict_proba(rows)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1.0)


def test_all_missing_columns_are_named(classifier: EnsembleModel, table: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnsError) as caught:
        classifier.predict(table.drop(columns=["colour", "petal width (cm)"]))
    assert set(caught.value.columns) == {"colour", "petal width (cm)"}


def test_labels_are_the_likeliest_class(classifier: EnsembleModel, table: pd.DataFrame) -> None:
    scores = classifier.predict_proba(table)
    labels = classifier.predict(table)
    assert classifier.classes is not None
    assert list(labels) == [classifier.classes[code] for code in scores.argmax(axis=1)]
    assert np.mean(labels == table["species"]) > 0.9


def test_batches_give_what_all_rows_at_once_give(
    classifier: EnsembleModel, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = classifier.predict_proba(table)
    monkeypatch.setattr(model_module, "BATCH_ROWS", 7)
    np.testing.assert_allclose(classifier.predict_proba(table), whole, atol=1e-6)


def test_no_rows_give_no_predictions(classifier: EnsembleModel, table: pd.DataFrame) -> None:
    assert classifier.predict(table.head(0)).shape == (0,)
    assert classifier.predict_proba(table.head(0)).shape == (0, 3)


def test_a_regression_has_no_probabilities(regressor: EnsembleModel, table: pd.DataFrame) -> None:
    assert regressor.predict(table).shape == (90,)
    with pytest.raises(AttributeError, match="use predict"):
        regressor.predict_proba(table)


def test_fold_models_of_a_member_are_averaged(
    classifier: EnsembleModel, table: pd.DataFrame
) -> None:
    X = classifier.preparation.apply(table)
    alone = [member.candidates[0] for member in classifier.members[:1]]
    other = classifier.members[-1].candidates[0]
    bagged = Member(number=0, candidates=(alone[0], other))
    expected = (alone[0].predict_scores(X) + other.predict_scores(X).astype(float)) / 2
    np.testing.assert_allclose(bagged.predict_scores(X), expected, atol=1e-7)


def test_a_member_of_an_older_version_opens() -> None:
    member = object.__new__(Member)
    member.__setstate__([3, ("model",)])
    assert (member.number, member.candidates, member.of_folds) == (3, ("model",), False)


def test_a_model_needs_one_weight_a_member(classifier: EnsembleModel) -> None:
    with pytest.raises(ValueError, match="weights"):
        EnsembleModel(
            preparation=classifier.preparation,
            members=classifier.members,
            combination=Combination(
                problem=classifier.problem,
                space=CombinationSpace.PROBABILITY,
                weights=(1.0,) * (len(classifier.members) + 1),
            ),
            problem=classifier.problem,
            classes=classifier.classes,
            metric="log_loss",
            method="test",
        )


def test_a_saved_model_answers_the_same_without_a_warning(
    classifier: EnsembleModel, regressor: EnsembleModel, table: pd.DataFrame, tmp_path: Path
) -> None:
    for name, model in (("classes", classifier), ("values", regressor)):
        folder = save_model(model, tmp_path / name)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            again = load_model(folder)
        np.testing.assert_allclose(again.predict_scores(table), model.predict_scores(table))
    with pytest.raises(UserError, match="no saved model"):
        load_model(tmp_path)


def test_the_served_table_has_labels_and_a_column_per_class(
    classifier: EnsembleModel, regressor: EnsembleModel, table: pd.DataFrame, tmp_path: Path
) -> None:
    served = _load_pyfunc(str(save_model(classifier, tmp_path / "m")))
    rows = table.head(5).set_axis(list("vwxyz"))
    answer = served.predict(rows, params={"anything": 1})
    names = ["proba_setosa", "proba_versicolor", "proba_virginica"]
    assert list(answer.columns) == ["prediction", *names]
    assert list(answer.index) == list("vwxyz")
    np.testing.assert_allclose(answer[names].sum(axis=1), 1.0)
    values = ServedModel(regressor).predict(rows.to_dict("list"))
    assert list(values.columns) == ["prediction"]


def test_a_model_from_other_surroundings_is_opened_with_a_warning(
    classifier: EnsembleModel, tmp_path: Path
) -> None:
    folder = save_model(classifier, tmp_path)
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    manifest["packages"]["scikit-learn"] = "0.1"
    manifest["code_digest"] = "0" * 16
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest))
    with pytest.warns(ServingWarning) as caught:
        load_model(folder)
    text = " ".join(str(each.message) for each in caught)
    assert "scikit-learn 0.1 ->" in text
    assert "another version of this code" in text


def test_golden_rows_forgive_rounding_and_nothing_else(
    classifier: EnsembleModel, tmp_path: Path
) -> None:
    import joblib

    folder = save_model(classifier, tmp_path)
    rows, answers = joblib.load(folder / "golden.joblib")
    joblib.dump((rows, answers * (1 + 1e-6)), folder / "golden.joblib")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_model(folder)
    joblib.dump((rows, answers[:, ::-1]), folder / "golden.joblib")
    with pytest.warns(ServingWarning, match="differently than it did then"):
        load_model(folder)


def test_requirements_are_exact_and_name_what_members_need(classifier: EnsembleModel) -> None:
    pins = requirements(classifier)
    names = {pin.split("==")[0] for pin in pins}
    assert all("==" in pin for pin in pins)
    assert {"numpy", "pandas", "scikit-learn"} <= names
    assert not names & {"ConfigSpace", "prefect", "mlflow", "lightgbm", "catboost", "xgboost"}


def test_a_served_model_loads_without_the_search_and_the_platform(
    classifier: EnsembleModel, table: pd.DataFrame, tmp_path: Path
) -> None:
    folder = save_model(classifier, tmp_path / "model")
    table.to_pickle(tmp_path / "rows.pkl")
    code = f"""
import sys
BANNED = ("ConfigSpace", "prefect", "dask", "distributed", "mlflow", "great_expectations",
          "lightgbm", "xgboost", "catboost", "pydantic")
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BANNED:
            raise ImportError(f"{{name}} is not to be imported here")
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, {str(ROOT / "src")!r})
import pandas as pd
from espalier.pipelines.serving.saved_model import _load_pyfunc
answer = _load_pyfunc({str(folder)!r}).predict(pd.read_pickle({str(tmp_path / "rows.pkl")!r}))
print(len(answer))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "90"


def test_a_model_survives_pickling(classifier: EnsembleModel, table: pd.DataFrame) -> None:
    again: Any = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict(table), classifier.predict(table))
    assert again.weights == classifier.weights
