"""Raise exceptions in another thread, and protect code that must not be interrupted by them.

Native code that calls back into Python, as XGBoost does while it reads a matrix, loses exceptions
raised in the callback: ctypes prints them, and the library continues with a partly read matrix. At
best the library then raises an error, at worst the process crashes.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Shields:
    """The threads in protected code, each with the exception that waits to be raised in it."""

    def __init__(self) -> None:
        # Reentrant: a signal handler may run while its own thread holds the lock.
        self.lock = threading.RLock()
        self.waiting: dict[int, type[BaseException] | None] = {}


# One for the whole process, as threads are.
_SHIELDS = _Shields()


def raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Request that ``error`` is raised in a thread; None cancels an earlier request.

    It is raised between two Python instructions, after the end of an `uninterrupted` block.
    """
    with _SHIELDS.lock:
        if thread in _SHIELDS.waiting:
            _SHIELDS.waiting[thread] = error
        else:
            argument = None if error is None else ctypes.py_object(error)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), argument)


def raise_here(error: type[BaseException]) -> None:
    """Raise ``error`` now or after the `uninterrupted` block; for use in signal handlers."""
    thread = threading.get_ident()
    with _SHIELDS.lock:
        if thread in _SHIELDS.waiting:
            _SHIELDS.waiting[thread] = error
            return
    raise error


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay exceptions that are raised in this thread from outside until the block ends."""
    thread = threading.get_ident()
    within = True
    try:
        with _SHIELDS.lock:
            within = thread in _SHIELDS.waiting
            if not within:
                _SHIELDS.waiting[thread] = None
        yield
    finally:
        error = None
        if not within:
            with _SHIELDS.lock:
                error = _SHIELDS.waiting.pop(thread, None)
        if error is not None:
            raise error
