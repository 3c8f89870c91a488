"""The registry, and the promise that a model answers the same with only its requirements."""

import json
import subprocess
import sys
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from espalier.infra.registry import model_files, registry
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.errors import MissingColumnsError, UserError


@pytest.fixture(scope="module")
def tracking(stores):
    return Tracking(stores)


@pytest.fixture(scope="module")
def versions(tracking, saved_model, raw_rows):
    """Two versions of one model."""
    return [
        registry.register_version(
            tracking,
            name="churn's model",
            run_id=tracking.start_run("training"),
            folder=saved_model,
            example=raw_rows,
            tags={"holdout_score": 0.5},
            description="a *test*",
        )
        for _ in range(2)
    ]


def test_the_first_is_champion_the_next_challenges(versions):
    assert [(each.version, each.alias) for each in versions] == [(1, "champion"), (2, "challenger")]
    assert versions[0].tags == {"holdout_score": "0.5"}
    assert versions[0].uri == "models:/churn's model/1"


def test_registering_a_run_again_returns_its_version(tracking, versions, saved_model, raw_rows):
    again = registry.register_version(
        tracking,
        name="churn's model",
        run_id=versions[0].run_id,
        folder=saved_model,
        example=raw_rows,
    )
    assert again == versions[0]


def test_a_cut_off_registration_is_completed(tracking, versions, saved_model, raw_rows):
    client, name = tracking.client, versions[1].name
    client.delete_registered_model_alias(name, "challenger")
    again = registry.register_version(
        tracking, name=name, run_id=versions[1].run_id, folder=saved_model, example=raw_rows
    )
    assert again == versions[1]


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        ("churn's model", 1),
        ("churn's model@champion", 1),
        ("churn's model@challenger", 2),
        ("churn's model/2", 2),
    ],
)
def test_resolve(stores, versions, spec, version):
    assert registry.resolve(spec, stores).version == version


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("churns model", "no model is called 'churns model'; there is churn's model"),
        ("churn's model@best", "no alias 'best'.*@challenger, churn's model@champion"),
        ("churn's model/7", "no version '7'.*model/1, churn's model/2"),
        ("churn's model/x", "no version 'x'"),
        ("@champion", "write NAME"),
        ("a/b/c", "write NAME"),
    ],
)
def test_what_does_not_exist_is_said_with_what_does(stores, versions, spec, expected):
    with pytest.raises(UserError, match=expected):
        registry.resolve(spec, stores)


def test_an_empty_registry(new_settings):
    empty = new_settings()
    assert registry.list_models(empty) == ()
    with pytest.raises(UserError, match="there is none yet"):
        registry.resolve("x", empty)


def test_list_models(stores, versions):
    # Other tests register models in the same store.
    mine = [each for each in registry.list_models(stores) if each.name == versions[0].name]
    assert [(each.version, each.aliases) for each in mine] == [
        (2, ("challenger",)),
        (1, ("champion",)),
    ]


def test_loaded_it_answers_as_before(stores, versions, ensemble, raw_rows):
    answer = model_files.load(versions[0], stores).predict(raw_rows)
    np.testing.assert_array_equal(answer["proba_yes"], ensemble.predict_proba(raw_rows)[:, 1])
    np.testing.assert_array_equal(answer["prediction"], ensemble.predict(raw_rows))


def test_mlflow_takes_the_rows_that_the_model_takes(stores, versions, ensemble, raw_rows):
    import mlflow

    model = mlflow.pyfunc.load_model(_files(versions[0], stores))
    odd = raw_rows.drop(columns="bought")[::-1].assign(more=1)
    odd["number"] = odd["number"].fillna(0).round().astype("int64")  # whole for once
    odd["whole"] = odd["whole"].astype(float).where(odd.index % 2 == 0)  # new nulls
    odd["kind"] = None  # not one left
    odd["group"] = odd["group"].astype(str) + "new"
    odd["flag"] = odd["flag"].astype(object).where(odd.index % 3 == 0)
    odd["day"] = odd["day"].astype(str)
    odd = odd[odd.columns[::-1]]
    answer = model.predict(odd)
    assert answer.index.equals(odd.index)
    np.testing.assert_allclose(answer["proba_yes"], ensemble.predict_proba(odd)[:, 1], rtol=1e-6)
    example = model.input_example
    assert set(model.predict(example)["prediction"]) <= {"yes", "no"}


def test_its_code_is_what_it_needs_under_our_name_alone(stores, versions):
    code = _files(versions[0], stores) / "code"
    assert [each.name for each in code.iterdir()] == ["espalier"]
    inside = {each.name for each in (code / "espalier").iterdir()} - {"__pycache__"}
    assert inside == {"__init__.py", "pipelines"}
    assert not [
        each
        for each in code.rglob("*")
        if each.is_symlink() or (each.is_dir() and each.name.startswith("shipped"))
    ]
    # Also where an installed Espalier is found first: its own are not hidden.
    program = (
        f"import sys; sys.path.insert(0, {str(code)!r}); "
        "import espalier.pipelines.serving.saved_model as opened, espalier.infra as beside; "
        "print(opened.__file__); print(beside.__file__)"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert Path(said[0]).is_relative_to(code)
    assert not Path(said[1]).is_relative_to(code)


def test_missing_columns_are_all_named(stores, versions, raw_rows):
    model = model_files.load(versions[0], stores)
    with pytest.raises(MissingColumnsError, match=r"'whole'.*'kind'"):
        model.predict(raw_rows.drop(columns=["whole", "kind"]))


def test_a_version_whose_files_are_gone(tracking, stores, saved_model, raw_rows):
    import shutil

    run_id = tracking.start_run("training")
    version = registry.register_version(
        tracking, name="gone", run_id=run_id, folder=saved_model, example=raw_rows
    )
    shutil.rmtree(_files(version, stores))
    with pytest.raises(UserError, match="gone/1"):
        model_files.load(version, stores)


def test_columns_without_names_of_their_own(tracking, stores, tmp_path):
    import mlflow

    from espalier.pipelines.automl.estimators import AutoMLRegressor
    from espalier.pipelines.serving.saved_model import save_model

    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 3)))
    estimator = AutoMLRegressor(time_budget=None, n_trials=1, families=["linear"], random_state=0)
    model = estimator.fit(table, table[0] * 2).model_
    version = registry.register_version(
        tracking,
        name="numbered",
        run_id=tracking.start_run("training"),
        folder=save_model(model, tmp_path / "saved", golden=table.head(3)),
        example=table,
    )
    expected = model.predict(table)
    np.testing.assert_array_equal(
        model_files.load(version, stores).predict(table)["prediction"], expected
    )
    loaded = mlflow.pyfunc.load_model(_files(version, stores))
    np.testing.assert_array_equal(loaded.predict(table)["prediction"], expected)


FRESH = """
import importlib.util, json, sys, warnings
absent = [name for name in ("prefect", "distributed", "ConfigSpace", "great_expectations",
                            "xgboost", "catboost", "espalier") if importlib.util.find_spec(name)]
import mlflow, pandas
with warnings.catch_warnings(record=True) as caught:
    model = mlflow.pyfunc.load_model(sys.argv[1])
answer = model.predict(pandas.read_pickle(sys.argv[2]))
answer.to_pickle(sys.argv[3])
import espalier.pipelines
complaints = [str(each.message) for each in caught if each.category.__name__ == "ServingWarning"]
print(json.dumps({"should be absent": absent, "code": espalier.pipelines.__file__,
                  "said": complaints}))
"""


def test_a_fresh_environment_with_only_its_requirements_answers_the_same(
    tracking, stores, raw_rows, tmp_path
):
    from espalier.pipelines.automl.estimators import AutoMLClassifier
    from espalier.pipelines.serving.saved_model import save_model

    X, y = raw_rows.drop(columns="bought"), raw_rows["bought"]
    model = (
        AutoMLClassifier(time_budget=None, n_trials=1, families=["lightgbm"], random_state=0)
        .fit(X, y)
        .model_
    )
    version = registry.register_version(
        tracking,
        name="fresh",
        run_id=tracking.start_run("training"),
        folder=save_model(model, tmp_path / "saved", golden=X.head(8)),
        example=X,
    )
    files = _files(version, stores)
    pins = (files / "requirements.txt").read_text().split()
    assert all("==" in pin for pin in pins)
    names = {pin.split("==")[0] for pin in pins}
    assert {"mlflow", "pandas", "numpy", "scikit-learn", "joblib", "lightgbm"} <= names
    python = _environment_of(pins, tmp_path / "venv")
    X.to_pickle(tmp_path / "rows.pkl")
    run = subprocess.run(
        [python, "-I", "-c", FRESH, files, tmp_path / "rows.pkl", tmp_path / "answer.pkl"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout.splitlines()[-1])
    assert said["should be absent"] == []
    assert said["said"] == []
    assert Path(said["code"]).is_relative_to(files)
    answer = pd.read_pickle(tmp_path / "answer.pkl")
    np.testing.assert_array_equal(answer["proba_yes"], model.predict_proba(X)[:, 1])
    np.testing.assert_array_equal(answer["prediction"], model.predict(X))


@pytest.mark.slow
def test_a_fresh_environment_made_by_pip(stores, versions, ensemble, raw_rows, tmp_path):
    files = _files(versions[0], stores)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = subprocess.run(
        [python, "-m", "pip", "install", "-q", "-r", files / "requirements.txt"],
        capture_output=True,
        text=True,
        check=False,
    )
    if install.returncode:
        pytest.skip("no package index can be reached")
    X = raw_rows.drop(columns="bought")
    X.to_pickle(tmp_path / "rows.pkl")
    command = [python, "-I", "-c", FRESH, files, tmp_path / "rows.pkl", tmp_path / "answer.pkl"]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)
    answer = pd.read_pickle(tmp_path / "answer.pkl")
    np.testing.assert_array_equal(answer["proba_yes"], ensemble.predict_proba(X)[:, 1])


def _files(version, settings):
    """Where the logged model lies."""
    client = Tracking(settings).client
    uri = client.get_model_version_download_uri(version.name, str(version.version))
    model_id = uri.rpartition("/")[2]
    location = (
        client.get_logged_model(model_id).artifact_location if uri.startswith("models:") else uri
    )
    return Path(location.removeprefix("file://"))


def _environment_of(pins, folder):
    """Make a virtual environment of these requirements and what they require, and nothing else.

    The packages are linked from this environment, so no package index is needed.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    needed = _closure(pins)
    owners = {}
    for dist in distributions():
        for top in _tops(dist):
            owners.setdefault(top, set()).add(canonicalize_name(dist.name))
    for dist in needed.values():
        for top in _tops(dist):
            if owners[top] <= set(needed):
                if not (site / top).exists():
                    (site / top).symlink_to(dist.locate_file(top))
                continue
            for file in dist.files or ():  # a folder shared with packages that are not needed
                if file.parts[0] == top:
                    (site / file).parent.mkdir(parents=True, exist_ok=True)
                    (site / file).symlink_to(dist.locate_file(file))
    return folder / "bin" / "python"


def _tops(dist: Distribution) -> set[str]:
    return {
        file.parts[0] for file in dist.files or () if file.parts[0] not in ("..", "__pycache__")
    }


def _closure(pins):
    found, waiting = {}, [Requirement(pin) for pin in pins]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        dist = distribution(name)
        extras = wanted.extras or {""}
        if name in found and wanted.extras <= getattr(found[name], "extras", set()):
            continue
        found[name] = dist
        for text in dist.requires or ():
            further = Requirement(text)
            if further.marker is None or any(
                further.marker.evaluate({"extra": extra}) for extra in extras
            ):
                try:
                    distribution(further.name)
                except Exception:  # left out of this environment on purpose (NCCL)
                    continue
                waiting.append(further)
    return found
