"""Exceptions raised in a thread from outside, and code that must not be hit by one.

Native code that calls back into Python, as XGBoost does while it takes in a matrix, loses what is
raised there: ctypes prints it, and the library goes on with a matrix that was read in part. At best
that is an error of the library's own, at worst the end of the process.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Shields:
    """The threads that are in such code, each with what waits to be raised in it."""

    def __init__(self) -> None:
        # A signal's handler may come while its own thread holds it.
        self.lock = threading.RLock()
        self.waiting: dict[int, type[BaseException] | None] = {}


# Threads belong to the process, and so does this.
_SHIELDS = _Shields()


def raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Ask for ``error`` to be raised in a thread; None takes an earlier request back.

    It arrives between two Python instructions, and not before the end of an `uninterrupted` block.
    """
    with _SHIELDS.lock:
        if thread in _SHIELDS.waiting:
            _SHIELDS.waiting[thread] = error
        else:
            argument = None if error is None else ctypes.py_object(error)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), argument)


def raise_here(error: type[BaseException]) -> None:
    """Raise ``error`` now, or at the end of the `uninterrupted` block: for handlers of signals."""
    thread = threading.get_ident()
    with _SHIELDS.lock:
        if thread in _SHIELDS.waiting:
            _SHIELDS.waiting[thread] = error
            return
    raise error


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Keep what is to be raised in this thread from outside until the block is over."""
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
