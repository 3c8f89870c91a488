"""The Prefect flows, one per file; each is imported on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from espalier.flows.build_experience_flow import build_experience
    from espalier.flows.check_flow import check
    from espalier.flows.extend_flow import extend
    from espalier.flows.learn_flow import learn
    from espalier.flows.monitor_flow import monitor
    from espalier.flows.predict_flow import predict
    from espalier.flows.promote_flow import promote
    from espalier.flows.retrain_flow import retrain
    from espalier.flows.rollback_flow import rollback
    from espalier.flows.train_flow import train

__all__ = [
    "build_experience",
    "check",
    "extend",
    "learn",
    "monitor",
    "predict",
    "promote",
    "retrain",
    "rollback",
    "train",
]


def __getattr__(name: str) -> Any:
    """Return the flow ``name``; its module is imported on first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{name}_flow"), name)


def __dir__() -> list[str]:
    """Return the names of the flows."""
    return __all__
