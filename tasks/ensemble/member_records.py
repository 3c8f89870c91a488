"""Records for reproducing a model: its members' trials, and package versions."""

import platform
from importlib.metadata import version
from typing import Any

from espalier.infra.runs.notes import FOLDS, THREADS
from espalier.infra.runs.store import RunStore
from espalier.infra.runs.takeover import ROWS
from espalier.pipelines.trials.trial import TrialResult
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
    """Return the members' trials in JSON form, with number of threads, folds and digest of rows."""
    store = RunStore(prepared.path.parent)
    return {
        "members": [each.to_dict() for each in member_results(store, ensemble)],
        "n_threads": store.noted(THREADS) or 1,
        "n_folds": store.noted(FOLDS) or 0,
        "rows": store.noted(ROWS) or "",
    }


def member_results(store: RunStore, ensemble: EnsembleRecord) -> list[TrialResult]:
    """Return the results of the trials that are members: those on record, and lighter forms."""
    known = [*store.results(), *ensemble.light]
    return [each for each in known if each.trial.number in ensemble.weights]


def environment_versions() -> dict[str, str]:
    """Return the versions of Python and of packages that results depend on, and the machine."""
    here = {"python": platform.python_version(), "machine": platform.machine()}
    return here | {each: version(each) for each in _RECORDED}
