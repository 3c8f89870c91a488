"""Limits of one trial: its seconds, threads, memory and output."""

import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Self

import psutil
from threadpoolctl import ThreadpoolController

from espalier.pipelines.resources.interruption import raise_in

_LOOK_SECONDS = 0.05


class TrialInterruptedError(BaseException):
    """A trial's time is up.

    Not an `Exception`, so that no library swallows it on its way out.
    """


class MemoryExceededError(BaseException):
    """A trial exceeds its memory limit; not an `Exception`, so that no library swallows it."""


@contextmanager
def limit_threads(n_threads: int) -> Iterator[None]:
    """Limit the native thread pools (BLAS, OpenMP) of this process to ``n_threads``."""
    with _thread_pools(len(sys.modules)).limit(limits=n_threads):
        yield


@lru_cache(maxsize=1)
def _thread_pools(_n_modules: int) -> ThreadpoolController:
    """Return the thread pools of this process; looked for again once more modules are loaded.

    To look for them takes some milliseconds, longer than choosing a trial may take.
    """
    return ThreadpoolController()


@contextmanager
def interrupt_after(seconds: float | None) -> Iterator[None]:
    """Raise `TrialInterruptedError` in this thread once ``seconds`` have passed.

    The exception arrives between two Python instructions: a loop in Python ends, a single long call
    into native code ends late, and so does code that must not be interrupted
    (`espalier.pipelines.resources.interruption`). To be certain, run the trial in a process that
    can be killed. Works in any thread, unlike an alarm signal.
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
                raise_in(thread, TrialInterruptedError)

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
                raise_in(thread, None)


class MemoryWatch:
    """Measures and limits the memory of this process while one of its threads works.

    Parameters
    ----------
    limit_mb : float or None
        Resident memory in MiB; above it, `MemoryExceededError` is raised in the thread that
        entered the context, between two Python instructions. To be certain, check the process from
        outside as well. None for no limit.

    Attributes
    ----------
    peak_mb : float
        Largest resident memory that was measured, in MiB.
    """

    def __init__(self, limit_mb: float | None) -> None:
        self.limit_mb = limit_mb
        self.peak_mb = 0.0
        self._process = psutil.Process()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._fired = False

    def __enter__(self) -> Self:
        self._thread = threading.get_ident()
        self._look()
        self._listener = threading.Thread(target=self._watch, name="watch-memory", daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._over.set()
            if self._fired:  # as in `interrupt_after`
                raise_in(self._thread, None)
        self._look()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self._look()
            with self._lock:
                too_much = self.limit_mb is not None and self.peak_mb > self.limit_mb
                if too_much and not self._fired and not self._over.is_set():
                    self._fired = True
                    raise_in(self._thread, MemoryExceededError)

    def _look(self) -> None:
        with suppress(psutil.Error):
            self.peak_mb = max(self.peak_mb, self._process.memory_info().rss / 2**20)


@contextmanager
def quiet_output() -> Iterator[None]:
    """Suppress warnings and, in a worker process, all output to the terminal.

    In the user's own process the streams stay as they are: other threads may write to them, and
    every family is configured to be silent.
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
