"""What holds for all tests."""

import os
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

from espalier.infra.environment import quiet_environment
from espalier.pipelines import redaction

# As the command line does, before a test imports prefect, mlflow or great_expectations.
quiet_environment()

ROOT = Path(__file__).parents[1]

# No test asserts wall-clock time, hypothesis' own limits included: a busy machine fails nothing.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _no_store_left_behind():
    """Let no test leave MLflow's store to the next: naming it sets variables that we read."""
    names = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
    before = {name: os.environ.get(name) for name in names}
    yield
    after = {name: os.environ.get(name) for name in names}
    if after != before and "mlflow" in sys.modules:
        import mlflow

        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.fixture(autouse=True)
def _no_secret_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test hide the values of another: a process knows its secrets as long as it lives."""
    monkeypatch.setattr(redaction, "_KNOWN", redaction._KnownValues())


@pytest.fixture(autouse=True)
def _own_store_of_vectors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no test find the features of pictures and texts that another, or the user, has made."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def maker():
    """Make experience whose law is known."""
    from tests.experience_maker import Maker

    return Maker()


@pytest.fixture(scope="session")
def lawful_experience(maker):
    """Return six datasets on which the same configurations are good."""
    from tests.experience_maker import lawful

    return maker.knowledge(lawful, 6, 40)


@pytest.fixture(scope="session")
def docs_extension() -> Callable[[str], ModuleType]:
    """Load a module of `docs/_ext` by its name."""

    def load(name: str) -> ModuleType:
        spec = spec_from_file_location(name, ROOT / "docs" / "_ext" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def generated_page(docs_extension: Callable[[str], ModuleType]) -> Callable[[str], str]:
    """Return the text of a page of the documentation, its generated parts filled in."""
    extension = docs_extension("generated_reference")

    def page(path: str) -> str:
        text = [(ROOT / path).read_text()]
        extension.fill_page(None, "", text)
        return text[0]

    return page
