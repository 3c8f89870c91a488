"""A few rows take another way through preprocessing and forests, to the same answers."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestRegressor

import espalier.pipelines.serving.model as model_module
from espalier.pipelines.automl.estimators import AutoMLClassifier
from espalier.pipelines.learners.families.forest import GrownForest
from espalier.pipelines.preprocessing.codes import FEW_ROWS, CategoryCodes
from espalier.pipelines.preprocessing.rows import PreparedRows
from espalier.pipelines.problem import ProblemKind
from tests.pipelines.conftest import make_messy


def test_few_rows_get_the_codes_of_many() -> None:
    rng = np.random.default_rng(0)
    levels = np.array(["a2", "a10", "b", "", "rare"], dtype=object)
    X = pd.DataFrame(
        {"one": levels[rng.integers(0, 4, 200)], "two": levels[rng.integers(0, 5, 200)]}
    )
    X.loc[rng.random(200) < 0.1, "one"] = np.nan
    X.loc[0, "two"] = None
    codes = CategoryCodes(min_share=0.01).fit(X)
    new = pd.concat([X, pd.DataFrame({"one": ["unseen", None], "two": [np.nan, "c"]})])
    many = codes.transform(new)
    few = np.vstack(
        [codes.transform(new.iloc[i : i + FEW_ROWS]) for i in range(0, len(new), FEW_ROWS)]
    )
    np.testing.assert_array_equal(few, many)
    np.testing.assert_array_equal(codes.transform(new.head(5).to_numpy(dtype=object)), many[:5])
    as_strings = new.astype("str")
    np.testing.assert_array_equal(
        codes.transform(as_strings.head(5)), codes.transform(as_strings)[:5]
    )
    assert not hasattr(pickle.loads(pickle.dumps(codes)), "_tables")


@pytest.mark.parametrize("forest", [ExtraTreesClassifier(random_state=0), RandomForestRegressor()])
def test_few_rows_get_the_answers_of_the_whole_forest(forest: object) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 1)
    grown = GrownForest(forest, n_trees=20).fit(X, y)
    np.testing.assert_allclose(grown.predict(X[:7]), grown.predict(X)[:7], rtol=1e-12)
    if hasattr(forest, "predict_proba"):
        np.testing.assert_allclose(
            grown.predict_proba(X[:7]), grown.predict_proba(X)[:7], rtol=1e-12
        )


def test_what_is_shared_is_made_once() -> None:
    rows = PreparedRows(pd.DataFrame({"a": [1.0], "b": [2.0]}))
    made: list[int] = []
    for _ in range(2):
        rows.once("key", lambda frame: made.append(len(frame)))
    assert made == [1]
    assert rows.columns(["b"]) is rows.columns(["b"])
    assert PreparedRows.of(rows) is rows


def test_one_row_many_rows_and_threads_give_the_same_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = make_messy(ProblemKind.BINARY, n_rows=150)
    families = ["linear", "extra_trees", "lightgbm", "knn"]
    made = AutoMLClassifier(time_budget=None, n_trials=4, families=families, random_state=0)
    model = made.fit(data.X, data.y).model_
    whole = model.predict_scores(data.X)
    alone = np.vstack([model.predict_scores(data.X.iloc[[row]]) for row in range(10)])
    # Features are float32: the last digits depend on how many rows are multiplied at a time, and
    # on the processor.
    np.testing.assert_allclose(alone, whole[:10], atol=2e-6)
    monkeypatch.setattr(model_module, "PARALLEL_ROWS", 1)
    np.testing.assert_allclose(model.predict_scores(data.X), whole, atol=1e-12)
