"""One import name that is ours alone, what the linter refuses, and a light start."""

import json
import subprocess
import sys
from importlib.metadata import files, packages_distributions
from pathlib import Path

import pytest

HEAVY = (
    "mlflow",
    "great_expectations",
    "catboost",
    "lightgbm",
    "xgboost",
    "prefect",
    "sklearn",
    "distributed",
    "pandas",
    "numpy",
)
ROOT = Path(__file__).parents[1]
PACKAGES = ("flows", "tasks", "pipelines", "infra")


def test_no_other_distribution_installs_our_name() -> None:
    owners = set(packages_distributions().get("espalier", [])) - {"espalier"}
    assert not owners, f"{owners} also install a top-level 'espalier'"


def test_the_installed_distribution_offers_no_other_name() -> None:
    """Of the editable one, its path file offers what lies beside `espalier`."""
    tops = {file.parts[0] for file in files("espalier") or () if file.suffix == ".py"}
    assert not tops & set(PACKAGES)
    beside = {path.name for path in (ROOT / "src").iterdir() if not path.name.startswith(".")}
    assert beside == {"espalier"}


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("statement", ["import {}", "from {}.cli import app", "import {}.cli"])
def test_the_linter_refuses_a_bare_name(package: str, statement: str) -> None:
    ended = subprocess.run(
        [
            Path(sys.executable).with_name("ruff"),
            "check",
            "--select",
            "TID251",
            "--output-format",
            "json",
            "--stdin-filename",
            "infra/sample.py",
            "-",
        ],
        input=statement.format(package) + "\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert [each["code"] for each in json.loads(ended.stdout)] == ["TID251"]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_bare_name_cannot_be_imported(package: str, tmp_path: Path) -> None:
    code = f"import importlib.util; print(importlib.util.find_spec({package!r}))"
    said = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert said.stdout.strip() == "None"


@pytest.mark.parametrize(
    "program", ["import espalier", "import espalier.flows.cli.app", "import espalier.__main__"]
)
def test_importing_the_front_door_loads_nothing_heavy(program: str) -> None:
    assert _loaded(program) == []


def test_help_loads_nothing_heavy() -> None:
    assert _loaded("from espalier.flows.cli.app import run; run(['--help'])") == []


def _loaded(program: str) -> list[str]:
    """Return what of `HEAVY` is imported after a program."""
    code = f"import sys; {program}; print(*[m for m in {HEAVY} if m in sys.modules])"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    return said.splitlines()[-1].split()
