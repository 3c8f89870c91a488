"""The adapter for the AutoML Benchmark hands over what the benchmark expects.

The benchmark itself is no dependency; its few helpers are written here as they are there.
"""

import importlib.util
import os
import sys
import types
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_diabetes, load_iris

FOLDER = Path(__file__).parents[2] / "benchmarks" / "amlb"
ADAPTER = FOLDER / "frameworks" / "Espalier"


class Timer:
    duration = 0.5

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.fixture
def adapter(monkeypatch):
    callee = types.ModuleType("frameworks.shared.callee")
    callee.result = lambda **found: found
    callee.call_run = lambda run: None
    callee.measure_inference_times = lambda infer, files: {
        size: [len(infer(data))] for size, data in files
    }

    def output_subdir(name, config):
        folder = os.path.join(config.output_dir, name)
        os.makedirs(folder, exist_ok=True)
        return folder

    callee.output_subdir = output_subdir
    utils = types.ModuleType("frameworks.shared.utils")
    utils.Timer = Timer
    for name, module in (
        ("frameworks", types.ModuleType("frameworks")),
        ("frameworks.shared", types.ModuleType("frameworks.shared")),
        ("frameworks.shared.callee", callee),
        ("frameworks.shared.utils", utils),
    ):
        monkeypatch.setitem(sys.modules, name, module)
    spec = importlib.util.spec_from_file_location("espalier_amlb", ADAPTER / "exec.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def task(X, y, tmp_path, **settings):
    """Return a dataset and a configuration as the benchmark hands them over."""
    test = np.arange(len(X)) % 5 == 0
    rows = [SimpleNamespace(X=X[chosen], y=y[chosen].to_frame()) for chosen in (~test, test)]
    dataset = SimpleNamespace(train=rows[0], test=rows[1], inference_subsample_files=[])
    config = {
        "max_runtime_seconds": 60,
        "cores": 1,
        "seed": 2**31 + 5,
        "measure_inference_time": False,
        "output_dir": str(tmp_path),
        "output_predictions_file": "predictions.csv",
    }
    return dataset, SimpleNamespace(**(config | settings))


QUICK = {"time_budget": None, "n_trials": 2, "n_folds": 2, "families": ["linear", "bayes"]}


def test_classes_come_back_as_strings_with_probabilities_in_their_order(adapter, tmp_path):
    X, y = load_iris(return_X_y=True, as_frame=True)
    y = y.map({0: "1", 1: "true", 2: "false"}).astype("category")
    dataset, config = task(
        X,
        y,
        tmp_path,
        type="classification",
        metric="logloss",
        framework_params={**QUICK, "_save_artifacts": ["leaderboard", "report"]},
        measure_inference_time=True,
    )
    found = adapter.run(dataset, config)
    assert found["probabilities_labels"] == ["1", "false", "true"]
    assert found["probabilities"].shape == (30, 3)
    best = np.array(found["probabilities_labels"])[found["probabilities"].argmax(axis=1)]
    assert list(found["predictions"]) == list(best)
    assert (found["predictions"] == np.asarray(found["truth"])).mean() > 0.8
    assert found["models_count"] == 2
    assert found["inference_times"]["df"] == {1: [1]}
    assert (tmp_path / "espalier" / "leaderboard.csv").is_file()
    assert (tmp_path / "espalier" / "report.html").is_file()


def test_values_have_no_probabilities(adapter, tmp_path):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    dataset, config = task(
        X,
        y,
        tmp_path,
        type="regression",
        metric="rmse",
        framework_params={**QUICK, "families": ["linear"]},
    )
    found = adapter.run(dataset, config)
    assert found["probabilities"] is None
    assert np.corrcoef(found["predictions"], found["truth"])[0, 1] > 0.5


def test_time_series_are_refused_in_a_line(adapter, tmp_path):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    dataset, config = task(X, y, tmp_path, type="timeseries", metric="mase", framework_params={})
    with pytest.raises(ValueError, match="for tables, not for tasks of type 'timeseries'"):
        adapter.run(dataset, config)


def test_every_metric_is_known_here(adapter):
    from espalier.pipelines.metrics.catalogue import METRICS

    assert set(adapter.METRICS.values()) <= set(METRICS)


def test_definitions_are_yaml_of_the_benchmark():
    frameworks = yaml.safe_load((FOLDER / "frameworks.yaml").read_text(encoding="utf-8"))
    assert frameworks["Espalier"]["version"] == "stable"
    assert frameworks["Espalier_interpretable"]["extends"] == "Espalier"
    tasks = yaml.safe_load((FOLDER / "benchmarks" / "smoke.yaml").read_text(encoding="utf-8"))
    assert [each["name"] for each in tasks] == ["__defaults__", "kc2", "iris", "cholesterol"]
    assert pd.Series([each["dataset"]["target"] for each in tasks[1:]]).is_unique
