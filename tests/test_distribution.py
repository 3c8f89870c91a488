"""The wheel, built and used as anybody else would; needs a package index for the build tools."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from espalier import __version__

pytestmark = [pytest.mark.slow, pytest.mark.cluster]

ROOT = Path(__file__).parents[1]
PACKAGES = ("flows", "tasks", "infra", "pipelines")
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "mlruns", "__pycache__", ".*_cache", ".hypothesis", "dist", "build.log"
)

FIT = """
import numpy, pandas, espalier
from importlib.metadata import version
X = pandas.DataFrame({"a": numpy.arange(60.0), "b": numpy.arange(60.0) % 7})
model = espalier.AutoMLRegressor(n_trials=1, families=["linear"], time_budget=None)
assert model.fit(X, X["a"] * 2).predict(X).shape == (60,)
assert version("espalier") == espalier.__version__
print(espalier.__file__)
"""


def _run(*command, cwd=None):
    environ = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PREFECT_", "MLFLOW_", "ESPALIER_", "PYTHON"))
    }
    ended = subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=environ | {"ESPALIER_PREFECT_START_SECONDS": "600"},
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return ended.stdout


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    """An environment with `build`."""
    place = tmp_path_factory.mktemp("builder")
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    python = place / "bin" / "python"
    tools = subprocess.run(
        [python, "-m", "pip", "install", "-q", "build", "hatchling"],
        capture_output=True,
        check=False,
    )
    if tools.returncode:
        pytest.skip("no package index can be reached")
    return python


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """The source as it is checked out, and as it comes where links are not known."""
    place = tmp_path_factory.mktemp("trees")
    for kind in ("linked", "text", "absent"):
        shutil.copytree(ROOT, place / kind, symlinks=True, ignore=LEFT_OUT)
        for name in PACKAGES:
            link = place / kind / "src" / "espalier" / name
            assert link.is_symlink()
            if kind != "linked":
                link.unlink()
            if kind == "text":  # what git and unzip write on a file system without links
                link.write_text(f"../../{name}")
    return place


@pytest.fixture(scope="module")
def built(builder, trees, tmp_path_factory):
    """The source archive, and the wheel that is made from it."""
    place = tmp_path_factory.mktemp("dist")
    _run(builder, "-m", "build", "--no-isolation", "--outdir", place, trees / "linked")
    return place


@pytest.fixture(scope="module")
def wheel(built):
    (found,) = built.glob("*.whl")
    return found


def _names(wheel):
    return sorted(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_is_one_package_without_deployment_and_tests(wheel):
    names = _names(wheel)
    assert {name.partition("/")[0] for name in names} == {
        "espalier",
        f"espalier-{__version__}.dist-info",
    }
    assert not [name for name in names if "deploy/" in name or "tests" in name]
    assert {
        "espalier/__main__.py",
        "espalier/pipelines/pages/templates/report.html",
        "espalier/flows/studio/web/templates/base.html",
        "espalier/flows/studio/web/static/htmx.min.js",
        "espalier/flows/studio/web/static/htmx.LICENSE.txt",
        "espalier/pipelines/experience/shipped/records.parquet",
    } <= set(names)
    modules = {
        f"espalier/{path.relative_to(ROOT)}"
        for name in PACKAGES
        for path in (ROOT / name).rglob("*.py")
    }
    assert modules <= set(names)


def test_the_source_archive_holds_no_link_and_no_second_copy(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        members = opened.getmembers()
    assert all(each.isfile() or each.isdir() for each in members)
    inside = {each.name.partition("/")[2] for each in members}
    assert {"flows/cli/app.py", "tests/conftest.py", "requirements.lock"} <= inside
    assert {each for each in inside if each.startswith("src/")} == {
        "src/espalier/__init__.py",
        "src/espalier/__main__.py",
    }


@pytest.mark.parametrize("kind", ["linked", "text", "absent"])
def test_every_tree_gives_the_same_wheel(builder, trees, wheel, kind, tmp_path):
    _run(builder, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, trees / kind)
    (found,) = tmp_path.glob("*.whl")
    assert _names(found) == _names(wheel)


def test_installed_it_answers_fits_and_trains(builder, wheel, tmp_path):
    fresh = tmp_path / "fresh"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", fresh], check=True)
    _run(
        builder,
        "-m",
        "pip",
        "--python",
        fresh / "bin" / "python",
        "install",
        "-q",
        "--no-deps",
        wheel,
    )
    site = next(fresh.glob("lib/python*/site-packages"))
    # Its requirements are this environment's. A path file in there, such as that of an editable
    # Espalier, is not read: that folder is no site folder of the new environment.
    (site / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n")
    work = tmp_path / "work"
    work.mkdir()
    assert "Usage: espalier" in _run(fresh / "bin" / "espalier", "--help", cwd=work)
    assert _run(fresh / "bin" / "espalier", "--version", cwd=work).split() == [
        "espalier",
        __version__,
    ]
    where = _run(fresh / "bin" / "python", "-c", FIT, cwd=work).splitlines()[-1]
    assert Path(where).is_relative_to(site)
    x = np.random.default_rng(0).normal(size=100)
    pd.DataFrame({"x": x, "y": np.where(x > 0, "a", "b")}).to_csv(work / "t.csv", index=False)
    _run(
        fresh / "bin" / "espalier",
        "train",
        "t.csv",
        "--target",
        "y",
        "--trials",
        "2",
        "--families",
        "linear",
        "--workers",
        "1",
        cwd=work,
    )
    _run(fresh / "bin" / "espalier", "report", "t", cwd=work)
