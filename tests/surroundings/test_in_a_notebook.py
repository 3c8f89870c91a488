"""An estimator in a process where the user has switched things on for models of their own."""

import os
import subprocess
import sys
import warnings
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn

from espalier import AutoMLClassifier
from espalier.pipelines.evaluation.executors.run_work import run_work
from espalier.pipelines.surroundings import own_surroundings, undisturbed

WAYS = {
    "pandas": {"transform_output": "pandas"},
    "polars": {"transform_output": "polars"},  # not installed: any transform would fail
    "routing": {"enable_metadata_routing": True},
}


def table(n_rows=60):
    rng = np.random.default_rng(5)
    X = pd.DataFrame({"n": rng.normal(size=n_rows), "kind": rng.choice(list("abc"), n_rows)})
    words = ["red", "green", "big", "small", "old", "new", "round", "flat"]
    X["words"] = [" ".join(rng.choice(words, 6)) for _ in range(n_rows)]
    return X, np.where(X["n"] + (X["kind"] == "a") > 0.3, "p", "q")


def fitted(X, y):
    return AutoMLClassifier(
        time_budget=None, n_trials=2, families=["linear", "lightgbm"], random_state=0
    ).fit(X, y)


@pytest.fixture(scope="module")
def plain():
    return fitted(*table())


@pytest.mark.parametrize("way", WAYS)
def test_sklearn_settings_of_the_user_change_no_answer(plain, way):
    X, y = table()
    expected = plain.predict_proba(X)
    with sklearn.config_context(**WAYS[way]):
        np.testing.assert_array_equal(plain.predict_proba(X), expected)
        model = fitted(X, y)
        np.testing.assert_array_equal(model.predict_proba(X), expected)
        assert set(model.leaderboard_["status"]) == {"success"}
        for name, value in WAYS[way].items():
            assert sklearn.get_config()[name] == value


def test_warnings_as_errors_end_no_trial_and_no_prediction(plain):
    X, y = table()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted(X, y)
        np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
        with pytest.raises(UserWarning):
            warnings.warn("of the user's own code", stacklevel=1)


def output(*_):
    return sklearn.get_config()["transform_output"]


def test_work_in_a_worker_is_undisturbed(monkeypatch):
    """Whatever a module of the user, or the site's customisation, has switched on there."""
    monkeypatch.setattr(f"{run_work.__module__}.fit_or_none", output)
    with sklearn.config_context(transform_output="pandas"):
        assert run_work("a job", None, None, nullcontext()) == "default"


def test_tasks_of_flows_are_undisturbed():
    from espalier.tasks.policies import kept_task, retried_task

    options = {"name": "any", "tags": [], "description": "any"}
    for task in (kept_task(**options)(output), retried_task(**options)(output)):
        with sklearn.config_context(transform_output="pandas"):
            assert task.fn() == "default"


def test_own_warnings_are_shown_though_warnings_are_errors():
    namespace = {"__name__": "espalier.anything", "warnings": warnings}
    exec("def warn(): warnings.warn('of ours', stacklevel=1)", namespace)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error")
        with own_surroundings():
            namespace["warn"]()
            warnings.warn("of a library", stacklevel=1)
    assert [str(each.message) for each in caught] == ["of ours"]


def test_threads_that_overlap_leave_the_filters_as_they_were():
    from concurrent.futures import ThreadPoolExecutor

    before = warnings.filters[:]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        strict = warnings.filters[:]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(undisturbed(lambda number: number + 1), range(200)))
        assert warnings.filters == strict
    assert warnings.filters == before


class Autologging:
    """What is used of MLflow's module, with its habit to switch on again at the end."""

    _AUTOLOGGING_GLOBALLY_DISABLED = False

    @contextmanager
    def disable_autologging(self):
        self._AUTOLOGGING_GLOBALLY_DISABLED = True
        yield
        self._AUTOLOGGING_GLOBALLY_DISABLED = False


def test_autologging_is_off_inside_and_as_it_was_outside(monkeypatch):
    mlflow = Autologging()
    monkeypatch.setitem(sys.modules, "mlflow.utils.autologging_utils", mlflow)
    with own_surroundings():
        with own_surroundings():
            pass
        assert mlflow._AUTOLOGGING_GLOBALLY_DISABLED
    assert not mlflow._AUTOLOGGING_GLOBALLY_DISABLED
    with mlflow.disable_autologging():
        with own_surroundings():
            pass
        assert mlflow._AUTOLOGGING_GLOBALLY_DISABLED


AUTOLOG = """
import mlflow, numpy as np
from mlflow.utils.autologging_utils import disable_autologging
from sklearn.linear_model import LogisticRegression
mlflow.set_tracking_uri("sqlite:///mine.db")
mlflow.sklearn.autolog(silent=True, log_models=False)
from espalier.pipelines.surroundings import own_surroundings
X, y = np.eye(4), [0, 1, 0, 1]
count = lambda: len(mlflow.search_runs(search_all_experiments=True))
with mlflow.start_run() as run:
    with own_surroundings():
        with own_surroundings():
            LogisticRegression().fit(X, y)
        LogisticRegression().fit(X, y)
    params = mlflow.get_run(run.info.run_id).data.params
    print(mlflow.active_run().info.run_id == run.info.run_id, len(params))
with disable_autologging():
    with own_surroundings():
        pass
    LogisticRegression().fit(X, y)  # the user's block is still in force
print(count())
LogisticRegression().fit(X, y)
print(count())
"""


@pytest.mark.slow
def test_fits_of_ours_are_no_runs_of_the_users_experiment(tmp_path):
    """And the user's own fits are, before and after."""
    said = subprocess.run(
        [sys.executable, "-c", AUTOLOG], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )  # fmt: skip
    assert said.stdout.split() == ["True", "0", "1", "2"], said.stdout + said.stderr
