"""Our own fits and predictions are the same whatever the process around them has switched on.

A notebook may have said ``sklearn.set_config(transform_output="pandas")`` or ``mlflow.autolog()``,
and a program may run under ``python -W error``. That is meant for the user's own models. Ours hand
arrays from step to step, are hundreds of small fits that nobody wants a run of MLflow for, and come
from libraries whose warnings are no faults.
"""

import functools
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# Settings of scikit-learn that change what a model is given or how it is fitted.
_SKLEARN_DEFAULTS = {
    "array_api_dispatch": False,
    "assume_finite": False,
    "enable_metadata_routing": False,
    "skip_parameter_validation": False,
    "transform_output": "default",
}


@contextmanager
def own_surroundings() -> Iterator[None]:
    """Context manager for our own work: the process's settings are as before at its end.

    May be entered again inside, and by several threads at a time. scikit-learn's settings are those
    of a thread, so it is entered in the thread that does the work; what is of the whole process is
    restored when the last thread leaves.
    """
    with _sklearn_as_it_comes():
        if getattr(_THREAD, "inside", False):
            yield
            return
        _THREAD.inside = True
        try:
            with _PROCESS:
                yield
        finally:
            _THREAD.inside = False


def undisturbed(function: Callable[P, R]) -> Callable[P, R]:
    """Return ``function`` with its calls in `own_surroundings`."""

    @functools.wraps(function)
    def surrounded(*args: P.args, **kwargs: P.kwargs) -> R:
        with own_surroundings():
            return function(*args, **kwargs)

    return surrounded


@contextmanager
def _sklearn_as_it_comes() -> Iterator[None]:
    sklearn = sys.modules.get("sklearn")
    if sklearn is None:  # nobody can have configured it
        yield
        return
    now = sklearn.get_config()
    changed = {
        name: value for name, value in _SKLEARN_DEFAULTS.items() if now.get(name, value) != value
    }
    if not changed:
        yield
        return
    with sklearn.config_context(**changed):
        yield


class _Process:
    """What is switched off for the whole process while any of its threads is at our work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._held = ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._held.enter_context(_no_autologging())
                self._held.enter_context(_no_warning_is_an_error())

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._held.close()


@contextmanager
def _no_autologging() -> Iterator[None]:
    """Switch MLflow's autologging off, if MLflow is there at all; it is not imported here."""
    mlflow: Any = sys.modules.get("mlflow.utils.autologging_utils")
    # MLflow's own context manager switches it on at its end, whatever was before.
    if mlflow is None or getattr(mlflow, "_AUTOLOGGING_GLOBALLY_DISABLED", False):
        yield
        return
    with mlflow.disable_autologging():
        yield


@contextmanager
def _no_warning_is_an_error() -> Iterator[None]:
    """Ignore warnings of libraries where any is to be raised; our own are shown."""
    if not any(action == "error" for action, *_ in warnings.filters):
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("default", module=r"espalier\.")
        yield


_PROCESS = _Process()
_THREAD = threading.local()
