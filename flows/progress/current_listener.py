"""Who watches the flow that runs now: a console if there is one, else the log of the flow run."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from espalier.flows.progress.listeners import LogListener, RunListener

_CURRENT: ContextVar[RunListener | None] = ContextVar("espalier_watcher", default=None)


@contextmanager
def listening(listener: RunListener) -> Iterator[None]:
    """Let flows that are called in this block tell ``watcher``."""
    token = _CURRENT.set(listener)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current_listener() -> RunListener:
    """Return who watches; inside a flow only."""
    from prefect.logging import get_run_logger

    return _CURRENT.get() or LogListener(get_run_logger())
