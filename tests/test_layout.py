"""The four flat package names belong to nobody else, and start-up stays light."""

import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

HEAVY = ("mlflow", "great_expectations", "catboost", "lightgbm", "xgboost", "prefect", "sklearn")


@pytest.mark.parametrize("name", ["flows", "tasks", "pipelines", "infra", "espalier"])
def test_no_other_distribution_installs_our_names(name: str) -> None:
    owners = set(packages_distributions().get(name, [])) - {"espalier"}
    assert not owners, f"{owners} also install a top-level {name!r}"


@pytest.mark.parametrize("module", ["espalier", "espalier.flows.cli.app"])
def test_importing_the_front_door_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*[m for m in {HEAVY} if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert loaded == []
