"""How much a command says: ``--quiet``, ``--no-progress`` and ``--verbose``."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import typer

from espalier.pipelines.errors import UserError

R = TypeVar("R")


class Verbosity(StrEnum):
    """How much a command says."""

    QUIET = "quiet"  # warnings, and one line with the outcome
    LINES = "lines"  # a line for what is new, instead of a panel that is redrawn
    NORMAL = "normal"  # the panel on a terminal, lines elsewhere
    VERBOSE = "verbose"  # a line for each trial too


_ASKED: ContextVar[Verbosity] = ContextVar("espalier_verbosity", default=Verbosity.NORMAL)

_OPTIONS = {
    "quiet": Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Say only warnings and the outcome."),
    ],
    "no_progress": Annotated[
        bool,
        typer.Option("--no-progress", help="Print lines instead of a panel that is redrawn."),
    ],
    "verbose": Annotated[
        bool, typer.Option("--verbose", "-v", help="Print a line for each trial, too.")
    ],
}
OPTION_NAMES = tuple(_OPTIONS)


def asked_verbosity() -> Verbosity:
    """Return how much the current command is to say."""
    return _ASKED.get()


@contextmanager
def saying(verbosity: Verbosity) -> Iterator[None]:
    """Make this the verbosity of what runs in the block."""
    token = _ASKED.set(verbosity)
    try:
        yield
    finally:
        _ASKED.reset(token)


def shows_progress(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the three options; what it calls asks `asked_verbosity`.

    A `UserError` is raised if they contradict each other.
    """

    @functools.wraps(command)
    def told(
        *args: Any,
        quiet: bool = False,
        no_progress: bool = False,
        verbose: bool = False,
        **kwargs: Any,
    ) -> R:
        verbosity = _verbosity(quiet=quiet, no_progress=no_progress, verbose=verbose)
        with saying(verbosity):
            return command(*args, **kwargs)

    signature = inspect.signature(command)
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=option)
        for name, option in _OPTIONS.items()
    ]
    told.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), *more]
    )
    told.__annotations__ = {**command.__annotations__, **_OPTIONS}
    return told


def _verbosity(*, quiet: bool, no_progress: bool, verbose: bool) -> Verbosity:
    if quiet and verbose:
        raise UserError("--quiet and --verbose contradict each other; give one of them")
    if quiet:
        return Verbosity.QUIET
    if verbose:
        return Verbosity.VERBOSE
    return Verbosity.LINES if no_progress else Verbosity.NORMAL
