"""The two estimators: scikit-learn's own checks, and what people do with estimators."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from espalier import AutoMLClassifier, AutoMLRegressor, learner_from_estimator, make_metric
from espalier.pipelines.errors import MissingColumnsError, UserError
from espalier.pipelines.trials.failures import SearchFailedError

ROOT = Path(__file__).resolve().parents[1]
CHEAP: dict[str, Any] = {"time_budget": None, "n_trials": 1, "families": ("linear",)}

WEIGHTS = (
    "a row of weight 2 is one row, in one fold; two rows of weight 1 may be in two: the folds, and "
    "so the model, differ (the check is made for estimators that do not resample)"
)
ROUNDING = (
    "features are float32, so the last digits depend on how many rows are multiplied at a time; "
    "the check asks for seven digits"
)


def _expected_failures(estimator: Any) -> dict[str, str]:
    reasons = {"check_sample_weight_equivalence_on_dense_data": WEIGHTS}
    if isinstance(estimator, AutoMLRegressor):
        reasons["check_methods_subset_invariance"] = ROUNDING
        reasons["check_methods_sample_order_invariance"] = ROUNDING
    return reasons


@parametrize_with_checks(
    [AutoMLClassifier(**CHEAP), AutoMLRegressor(**CHEAP)],
    expected_failed_checks=_expected_failures,
    xfail_strict=False,
)
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def messy() -> tuple[pd.DataFrame, pd.Series]:
    """A table with about everything that turns up in practice."""
    rng = np.random.default_rng(0)
    n_rows = 120
    number = rng.normal(size=n_rows)
    kind = rng.choice(["red", "green", "blue"], n_rows)
    y = np.where(number + (kind == "red") + 0.3 * rng.normal(size=n_rows) > 0.4, "yes", "no")
    table = pd.DataFrame(
        {
            "number": np.where(rng.random(n_rows) < 0.1, np.nan, number),
            "infinite": np.where(rng.random(n_rows) < 0.05, np.inf, rng.normal(size=n_rows)),
            "kind": pd.Series(kind, dtype="category"),
            "text": [f"{colour} thing number {i % 7}" for i, colour in enumerate(kind)],
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, n_rows), "D"),
            "took": pd.to_timedelta(rng.integers(0, 9000, n_rows), "s"),
            "flag": pd.Series(rng.random(n_rows) < 0.5, dtype="boolean"),
            "price": [f"${value:,.2f}" for value in rng.uniform(500, 5000, n_rows)],
            "empty": np.nan,
            "constant": 1,
            "mixed": [1, "one", None, 2.5] * (n_rows // 4),
            7: rng.integers(0, 5, n_rows),
        },
        index=rng.permutation(n_rows),
    )
    table["Nullable"] = pd.array(rng.integers(0, 9, n_rows), dtype="Int64")
    table.insert(3, "number", rng.normal(size=n_rows), allow_duplicates=True)
    return table, pd.Series(y, index=table.index, name="answer")


def test_a_messy_table_goes_in_raw(messy: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = messy
    model = AutoMLClassifier(
        time_budget=None, n_trials=3, families=["linear", "extra_trees", "lightgbm"], random_state=0
    ).fit(X, y)
    assert list(model.classes_) == ["no", "yes"]
    assert model.n_features_in_ == X.shape[1]
    assert "number.1" in model.feature_names_in_
    assert model.score(X, y) > 0.8
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    assert set(model.predict(X.head(7))) <= {"no", "yes"}
    with pytest.raises(MissingColumnsError, match="kind"):
        model.predict(X.drop(columns="kind"))


@pytest.mark.parametrize("dtype", ["object", "str", "category", "string[pyarrow]"])
def test_labels_and_features_of_every_string_kind(dtype: str) -> None:
    rng = np.random.default_rng(0)
    words = pd.Series(rng.choice(["a", "b", "c"], 60)).astype(dtype)
    y = words.astype(object).map({"a": "up", "b": "down", "c": "down"}).astype(dtype)
    X = pd.DataFrame({"word": words, "x": rng.normal(size=60)})
    model = AutoMLClassifier(**CHEAP, random_state=0).fit(X, y)
    assert model.score(X, np.asarray(y, dtype=object)) == 1.0


def test_every_trial_is_on_the_leaderboard_best_first() -> None:
    X, y = make_classification(150, 6, random_state=0)
    model = AutoMLClassifier(
        time_budget=None, n_trials=6, families=["linear", "bayes", "knn"], random_state=0
    ).fit(X, y)
    board = model.leaderboard_
    assert sorted(board["trial"]) == list(range(6))
    scores = board["score"].dropna()
    assert scores.is_monotonic_decreasing
    assert board["weight"].sum() == pytest.approx(1.0)
    assert set(board["family"]) == {"linear", "bayes", "knn"}
    assert model.metric_ == "roc_auc"
    assert 0.5 < model.cv_score_ <= 1.0
    assert {"best single", "stagewise"} <= set(model.ensemble_report_["name"])


def test_the_same_seed_gives_the_same_model() -> None:
    X, y = make_regression(120, 5, noise=20.0, random_state=0)
    options: dict[str, Any] = {"time_budget": None, "n_trials": 5, "families": ["linear", "knn"]}
    first, again = (AutoMLRegressor(**options, random_state=3).fit(X, y) for _ in range(2))
    columns = ["trial", "family", "score", "weight"]
    pd.testing.assert_frame_equal(first.leaderboard_[columns], again.leaderboard_[columns])
    np.testing.assert_array_equal(first.predict(X), again.predict(X))


def test_cross_validation_clone_pipeline_and_pickle() -> None:
    X, y = load_iris(return_X_y=True)
    model = AutoMLClassifier(**CHEAP, random_state=0)
    assert cross_val_score(model, X, y, cv=3).min() > 0.85
    assert cross_val_predict(model, X, y, cv=3, method="predict_proba").shape == (150, 3)
    copy = clone(model.set_params(metric="accuracy"))
    assert copy.get_params() == model.get_params()
    piped = make_pipeline(SimpleImputer(), copy).fit(X, y)
    again = pickle.loads(pickle.dumps(piped))
    np.testing.assert_array_equal(again.predict(X), piped.predict(X))


def test_groups_reach_the_folds() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 6)
    # The group says the target, the features say the group: only split by group is it hard.
    y = rng.permutation(np.arange(20) % 2)[groups]
    X = np.eye(20)[groups] + 0.01 * rng.normal(size=(120, 20))
    options = {**CHEAP, "random_state": 0}
    together = AutoMLClassifier(**options).fit(X, y, groups=groups)
    apart = AutoMLClassifier(**options).fit(X, y)
    assert apart.cv_score_ > 0.95
    assert together.cv_score_ < 0.8
    scores = cross_val_score(
        AutoMLClassifier(**options), X, y, groups=groups, cv=GroupKFold(3), scoring="roc_auc"
    )
    assert scores.mean() < 0.8


def test_weights_reach_the_models() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 1))
    y = np.where(np.arange(200) < 100, X[:, 0], -X[:, 0])
    weight = np.where(np.arange(200) < 100, 1.0, 1e-6)
    model = AutoMLRegressor(**CHEAP, random_state=0).fit(X, y, sample_weight=weight)
    assert model.predict([[1.0]])[0] == pytest.approx(1.0, abs=0.2)
    without = AutoMLRegressor(**CHEAP, random_state=0).fit(X[:100], y[:100])
    zero = AutoMLRegressor(**CHEAP, random_state=0).fit(X, y, sample_weight=(weight == 1.0) * 1.0)
    np.testing.assert_allclose(zero.predict(X), without.predict(X), rtol=1e-4)


@pytest.mark.parametrize(("kind", "unit"), [(AutoMLClassifier, 1e-7), (AutoMLRegressor, 1e5)])
def test_the_unit_of_the_weights_changes_nothing(kind: Any, unit: float) -> None:
    """In fitting, early stopping, ensemble, calibration, intervals and the hold-out."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2))
    weight = rng.gamma(2.0, size=120)
    y = X[:, 0] + rng.normal(size=120)
    target = y > 0 if kind is AutoMLClassifier else y
    options = CHEAP | {"families": ("lightgbm",), "holdout_fraction": 0.25}
    one, other = (
        kind(**options, random_state=0).fit(X, target, sample_weight=given)
        for given in (weight, unit * weight)
    )
    assert other.holdout_score_ == pytest.approx(one.holdout_score_, rel=1e-6)
    assert other.holdout_interval_ == pytest.approx(one.holdout_interval_, rel=1e-6)
    assert other.cv_score_ == pytest.approx(one.cv_score_, rel=1e-6)
    ask = "predict_proba" if kind is AutoMLClassifier else "predict"
    np.testing.assert_allclose(getattr(other, ask)(X), getattr(one, ask)(X), rtol=1e-5)


def test_rows_held_out_give_a_score_with_an_interval() -> None:
    X, y = make_regression(200, 4, noise=10.0, random_state=0)
    model = AutoMLRegressor(**CHEAP, holdout_fraction=0.25, random_state=0).fit(X, y)
    low, high = model.holdout_interval_
    assert low < model.holdout_score_ < high
    assert AutoMLRegressor(**CHEAP, random_state=0).fit(X, y).holdout_score_ is None


def test_twins_across_the_holdout_are_warned_about() -> None:
    X, y = make_regression(60, 3, random_state=0)
    doubled = AutoMLRegressor(**CHEAP, holdout_fraction=0.25, random_state=0)
    with pytest.warns(UserWarning, match="held-out rows are also among the search rows"):
        doubled.fit(np.vstack([X, X]), np.concatenate([y, y]))


def test_names_are_asked_for_only_where_there_were_any() -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    named = AutoMLClassifier(**CHEAP, random_state=0).fit(X, y)
    plain = AutoMLClassifier(**CHEAP, random_state=0).fit(X.to_numpy(), y)
    assert list(named.feature_names_in_) == list(X.columns)
    assert not hasattr(plain, "feature_names_in_")
    np.testing.assert_array_equal(named.predict(X[X.columns[::-1]]), named.predict(X))
    np.testing.assert_array_equal(named.predict(X.to_numpy()), named.predict(X))
    np.testing.assert_array_equal(plain.predict(X), named.predict(X))
    with pytest.raises(ValueError, match="is expecting 4 features"):
        named.predict(X.to_numpy()[:, :3])


def test_an_own_estimator_and_an_own_metric() -> None:
    from sklearn.linear_model import BayesianRidge

    X, y = make_regression(100, 4, noise=5.0, random_state=0)
    metric = make_metric(
        "worst", lambda y, p: float(np.abs(y - p).max()), greater_is_better=False, needs="values"
    )
    model = AutoMLRegressor(
        time_budget=None,
        n_trials=2,
        families=[learner_from_estimator("bayesian_ridge", BayesianRidge())],
        metric=metric,
        random_state=0,
    ).fit(X, y)
    assert set(model.leaderboard_["family"]) == {"bayesian_ridge"}
    assert model.metric_ == "worst"
    assert model.score(X, y) > 0.9


def test_one_model_alone_when_no_ensemble_is_wanted() -> None:
    X, y = make_classification(150, 6, random_state=1)
    model = AutoMLClassifier(
        time_budget=None,
        n_trials=4,
        families=["linear", "knn"],
        ensemble=False,
        random_state=0,
    ).fit(X, y)
    assert len(model.model_.members) == 1
    assert (model.leaderboard_["weight"] > 0).sum() == 1
    assert model.leaderboard_["weight"].iloc[0] == 1.0


def test_when_every_trial_fails_the_reasons_are_named() -> None:
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Broken(ClassifierMixin, BaseEstimator):
        def fit(self, X: Any, y: Any) -> Any:
            raise RuntimeError("no licence")

        def predict(self, X: Any) -> Any:
            raise AssertionError("it was never fitted")

    X, y = make_classification(60, 4, random_state=0)
    model = AutoMLClassifier(
        time_budget=None,
        n_trials=2,
        families=[learner_from_estimator("broken", Broken())],
        random_state=0,
    )
    with pytest.raises(SearchFailedError, match="broken: RuntimeError: no licence"):
        model.fit(X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_budget": -1.0}, "must be positive"),
        ({"time_budget": None}, "seconds or trials"),
        ({"n_trials": 0}, "at least 1"),
        ({"metric": "rmse"}, "rmse"),
        ({"metric": "no_such"}, "no_such"),
        ({"families": ["lightgmb"]}, "lightgbm"),
        ({"holdout_fraction": 1.5}, "holdout_fraction"),
        ({"search": "oracle"}, "oracle"),
    ],
)
def test_wrong_parameters_are_one_clear_line(options: dict[str, Any], message: str) -> None:
    X, y = make_classification(60, 4, random_state=0)
    with pytest.raises(UserError, match=message) as caught:
        AutoMLClassifier(
            **{"n_trials": 1 if "time_budget" not in options else None, **options}
        ).fit(X, y)
    assert "\n" not in str(caught.value)


def test_wrong_data_are_refused() -> None:
    X, y = make_classification(60, 4, random_state=0)
    with pytest.raises(ValueError, match="NaN"):
        AutoMLRegressor(**CHEAP).fit(X, np.where(np.arange(60) == 3, np.nan, 1.0))
    with pytest.raises(ValueError, match="NaN"):
        AutoMLClassifier(**CHEAP).fit(X, pd.Series(y).astype("Int64").where(y > 5))
    with pytest.raises(ValueError, match="single class"):
        AutoMLClassifier(**CHEAP).fit(X, np.ones(60))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        AutoMLClassifier(**CHEAP).fit(X, y, groups=np.arange(59))
    with pytest.raises(ValueError, match="negative"):
        AutoMLClassifier(**CHEAP).fit(X, y, sample_weight=-np.ones(60))
    with pytest.raises(NotFittedError):
        AutoMLClassifier(**CHEAP).predict(X)


def test_a_line_for_each_trial_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = make_classification(60, 4, random_state=0)
    AutoMLClassifier(**CHEAP, random_state=0, verbose=1).fit(X, y)
    assert "trial 0 linear: success, roc_auc" in capsys.readouterr().out
    AutoMLClassifier(**CHEAP, random_state=0).fit(X, y)
    assert capsys.readouterr() == ("", "")


def test_a_fitted_estimator_predicts_without_the_search(tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    model = AutoMLClassifier(**CHEAP, random_state=0).fit(X, y)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    code = f"""
import pickle, sys
sys.path.insert(0, {str(ROOT / "src")!r})
model = pickle.load(open({str(tmp_path / "model.pkl")!r}, "rb"))
print(len(model.predict([[5.1, 3.5, 1.4, 0.2]])))
print([name for name in ("ConfigSpace", "prefect", "mlflow", "lightgbm") if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.split("\n")[:2] == ["1", "[]"], ran.stderr


@pytest.mark.slow
def test_trials_in_processes_give_the_same_leaderboard() -> None:
    X, y = make_classification(200, 8, random_state=0)
    options: dict[str, Any] = {
        "time_budget": None,
        "n_trials": 6,
        "families": ["linear", "knn", "extra_trees"],
        "random_state": 0,
    }
    columns = ["trial", "family", "score", "weight"]
    one = AutoMLClassifier(**options, n_jobs=1).fit(X, y).leaderboard_[columns]
    two = AutoMLClassifier(**options, n_jobs=2).fit(X, y).leaderboard_[columns]
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.slow
def test_a_time_budget_alone_ends_with_a_model() -> None:
    X, y = make_classification(300, 10, random_state=0)
    model = AutoMLClassifier(time_budget=15.0, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.7
    assert len(model.leaderboard_) >= 2
