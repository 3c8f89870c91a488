"""Limits of one trial: its seconds, its threads, and what it may print."""

import ctypes
import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from threadpoolctl import threadpool_limits


class TrialInterruptedError(BaseException):
    """A trial's time is up.

    Not an `Exception`, so that no library swallows it on its way out.
    """


@contextmanager
def limit_threads(n_threads: int) -> Iterator[None]:
    """Hold the native thread pools (BLAS, OpenMP) of this process to ``n_threads``."""
    with threadpool_limits(limits=n_threads):
        yield


@contextmanager
def interrupt_after(seconds: float | None) -> Iterator[None]:
    """Raise `TrialInterruptedError` in this thread once ``seconds`` have passed.

    It arrives between two Python instructions: a loop in Python ends, a single long call into
    native code ends late. Whoever must be sure runs the trial in a process that can be killed.
    Works in any thread, unlike an alarm signal.
    """
    if seconds is None or seconds > threading.TIMEOUT_MAX:  # infinite without a deadline
        yield
        return
    thread = threading.get_ident()
    lock = threading.Lock()
    state = {"over": False, "fired": False}

    def fire() -> None:
        with lock:
            if not state["over"]:
                state["fired"] = True
                _raise_in(thread, TrialInterruptedError)

    timer = threading.Timer(max(seconds, 0.0), fire)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            state["over"] = True
            if state["fired"]:  # on its way but perhaps not delivered yet: it must not hit later
                _raise_in(thread, None)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Ask the interpreter to raise ``error`` in a thread; None takes an earlier request back."""
    argument = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), argument)


@contextmanager
def quiet_output() -> Iterator[None]:
    """Swallow warnings and, in a worker process, all that is written to the terminal.

    In the user's own process the streams stay as they are: other threads there may have something
    to say, and every family is told to be silent.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if multiprocessing.parent_process() is None:
            yield
        else:
            with _streams_closed():
                yield


_REDIRECTION = threading.RLock()  # file descriptors belong to the process, not to a thread


@contextmanager
def _streams_closed() -> Iterator[None]:
    """Point file descriptors 1 and 2, where native code writes too, to the null device."""
    with _REDIRECTION:
        _flush()
        saved = []
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            try:
                for descriptor in (1, 2):
                    saved.append((descriptor, os.dup(descriptor)))
                    os.dup2(nowhere, descriptor)
            finally:
                os.close(nowhere)
        except OSError:  # a process without a terminal has nothing to silence
            pass
        try:
            yield
        finally:
            _flush()
            for descriptor, copy in saved:
                os.dup2(copy, descriptor)
                os.close(copy)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):  # closed
                stream.flush()
