"""The listener of the current flow run: a console if one is set, else the run's log."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from espalier.flows.progress.listeners import LogListener, RunListener

_CURRENT: ContextVar[RunListener | None] = ContextVar("espalier_watcher", default=None)


@contextmanager
def listening(listener: RunListener) -> Iterator[None]:
    """Make ``listener`` the listener of all flows called in this block."""
    token = _CURRENT.set(listener)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current_listener() -> RunListener:
    """Return the listener of the current flow run; may only be called inside a flow."""
    from prefect.logging import get_run_logger

    return _CURRENT.get() or LogListener(get_run_logger())
