"""Who asked for the work of this process: the operator, or a form of Prefect's pages.

The *operator* is whoever could do the same without us: the person at the command line or in Python,
and whoever wrote the file of schedules. A *form* is everything else that reaches a flow through
Prefect's API, whose users are nobody we know; what they may read and write is limited
(`espalier.infra.access.form_limits`).

A process that Prefect started works for a form until the flow has found its request among those
that the operator wrote. So whatever is forgotten is limited, not allowed.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

ASKED_BY_VARIABLE = "ESPALIER_ASKED_BY"
"""With the value ``form``, a command reads only what a form may: the studio sets it for addresses
that were typed into its page."""
# Prefect's runner and its workers set it for every process that they start for a flow run.
PREFECTS_MARK = "PREFECT__FLOW_RUN_ID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who asked for the work.

    Attributes
    ----------
    is_form : bool
        Whether it was a form, whose content the operator did not write.
    names : frozenset of str
        Environment variables that the file of schedules names; a form may use them too.
    """

    is_form: bool
    names: frozenset[str] = frozenset()

    @property
    def word(self) -> str:
        """One word for the record, which `recorded_origin` reads again."""
        return _FORMS_WORD if self.is_form else "operator"


_FORMS_WORD = "form"
OPERATOR = Origin(is_form=False)
FORM = Origin(is_form=True)

_CURRENT: ContextVar[Origin | None] = ContextVar("espalier_origin", default=None)


def current_origin() -> Origin:
    """Return who asked for the present work; in a run of Prefect's, a form unless it is set."""
    return _CURRENT.get() or (FORM if is_run_of_prefect() else OPERATOR)


@contextmanager
def asked_by(origin: Origin) -> Iterator[Origin]:
    """Do the work of this block for ``origin``."""
    token = _CURRENT.set(origin)
    try:
        yield origin
    finally:
        _CURRENT.reset(token)


def commands_origin() -> Origin:
    """Return for whom a command line works: its operator, or a form that had it started."""
    return FORM if os.environ.get(ASKED_BY_VARIABLE) == _FORMS_WORD else OPERATOR


def is_run_of_prefect() -> bool:
    """Return whether Prefect started this process for a flow run, whose origin is not known yet.

    A command line that such a process starts inherits its environment, but says whose it is.
    """
    return PREFECTS_MARK in os.environ and _CURRENT.get() is None


def recorded_origin(word: str | None) -> Origin:
    """Return for whom a source is read that an earlier run has recorded.

    What a form named once stays a form's when an operator's schedule reads it again: what is at an
    address may have changed since.

    Parameters
    ----------
    word : str or None
        `Origin.word` of that run; None where an older version recorded nothing.
    """
    return replace(current_origin(), is_form=True) if word == _FORMS_WORD else OPERATOR
