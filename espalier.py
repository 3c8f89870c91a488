"""The public door: everything a user imports, loaded when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.automl import AutoMLClassifier, AutoMLRegressor
    from pipelines.evaluation.metrics import make_metric
    from pipelines.learners.own import learner_from_estimator

__all__ = ["AutoMLClassifier", "AutoMLRegressor", "learner_from_estimator", "make_metric"]

_HOMES = {
    "AutoMLClassifier": "pipelines.automl",
    "AutoMLRegressor": "pipelines.automl",
    "learner_from_estimator": "pipelines.learners.own",
    "make_metric": "pipelines.evaluation.metrics",
}


def __getattr__(name: str) -> Any:
    """Import the module that a public name lives in (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
