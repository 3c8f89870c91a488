"""Everything a user imports, loaded when it is first asked for.

The four layers are the packages `espalier.flows`, `espalier.tasks`, `espalier.infra` and
`espalier.pipelines`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from espalier.pipelines.automl.estimators import AutoMLClassifier, AutoMLRegressor
    from espalier.pipelines.automl.forecaster import AutoMLForecaster
    from espalier.pipelines.learners.custom import learner_from_estimator
    from espalier.pipelines.metrics.catalogue import make_metric
    from espalier.pipelines.requests.train import TrainRequest

__version__ = "0.2.0.dev0"

__all__ = [
    "AutoMLClassifier",
    "AutoMLForecaster",
    "AutoMLRegressor",
    "TrainRequest",
    "learner_from_estimator",
    "make_metric",
    "quiet",
]

_HOMES = {
    "AutoMLClassifier": "espalier.pipelines.automl.estimators",
    "AutoMLForecaster": "espalier.pipelines.automl.forecaster",
    "AutoMLRegressor": "espalier.pipelines.automl.estimators",
    "TrainRequest": "espalier.pipelines.requests.train",
    "learner_from_estimator": "espalier.pipelines.learners.custom",
    "make_metric": "espalier.pipelines.metrics.catalogue",
}


def quiet() -> None:
    """Turn off telemetry, banners and progress bars of Prefect, MLflow and Great Expectations.

    It sets environment variables that these libraries read when they are imported, unless you
    have set them, so call it before you import `espalier.flows` or one of them. The command line
    does so itself.
    """
    import_module("espalier.infra.environment").quiet_environment()


def __getattr__(name: str) -> Any:
    """Import the module that a public name lives in (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return [*__all__, "__version__"]
