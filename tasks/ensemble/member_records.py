"""What a model can be made again from: its members' trials, and the versions it was made with."""

import platform
from importlib.metadata import version
from typing import Any

from espalier.infra.runs.notes import FOLDS, THREADS
from espalier.infra.runs.store import RunStore
from espalier.infra.runs.takeover import ROWS
from espalier.tasks.records import EnsembleRecord, PreparedRef

MEMBERS_FILE = "members.json"
VERSIONS_FILE = "versions.json"

# What a result depends on and a person asks for first.
_RECORDED = (
    "espalier",
    "numpy",
    "pandas",
    "scikit-learn",
    "lightgbm",
    "xgboost",
    "catboost",
    "ConfigSpace",
    "prefect",
    "distributed",
    "mlflow",
)


def member_records(prepared: PreparedRef, ensemble: EnsembleRecord) -> dict[str, Any]:
    """Return the members' trials as JSON, with what they ran on: threads, folds, rows."""
    store = RunStore(prepared.path.parent)
    members = [each for each in store.results() if each.trial.number in ensemble.weights]
    return {
        "members": [each.to_dict() for each in members],
        "n_threads": store.noted(THREADS) or 1,
        "n_folds": store.noted(FOLDS) or 0,
        "rows": store.noted(ROWS) or "",
    }


def environment_versions() -> dict[str, str]:
    """Return the versions of what a result depends on, the Python and the machine among them."""
    here = {"python": platform.python_version(), "machine": platform.machine()}
    return here | {each: version(each) for each in _RECORDED}
