"""The keys of Dask tasks, which say whose jobs they are: every run can read those of the others."""

import re
from uuid import uuid4

from espalier.pipelines.evaluation.executors.workers import Work
from espalier.pipelines.trials.trial import Trial

# Dask takes what comes before the first number as the kind of a task, and learns how long tasks of
# a kind take.
_TRIAL, _MEMBER = "trial", "member"
_KEY = re.compile(r"(?:trial|member)-\d+-espalier-([0-9a-f]{12})-[0-9a-f]{32}")


def new_run_mark() -> str:
    """Return a new mark for the keys of one run: twelve hexadecimal digits."""
    return uuid4().hex[:12]


def job_key(work: Work, run: str) -> str:
    """Return a new key for a job of the run with this mark."""
    kind = _TRIAL if isinstance(work, Trial) else _MEMBER
    number = work.number if isinstance(work, Trial) else work.trial_number
    return f"{kind}-{number}-espalier-{run}-{uuid4().hex}"


def demand_key(run: str) -> str:
    """Return a new key for a task that stands for a waiting job; `run_of` does not know it.

    It is of the same kind as trials, so that Dask expects it to take as long.
    """
    return f"{_TRIAL}-0-waiting-{run}-{uuid4().hex}"


def run_of(key: str) -> str | None:
    """Return the mark of the run that a task is a job of; None for tasks of other programs.

    Examples
    --------
    >>> run_of("trial-3-espalier-0123456789ab-" + 32 * "f")
    '0123456789ab'
    >>> run_of("read-csv-8a5f") is None
    True
    """
    found = _KEY.fullmatch(key)
    return None if found is None else found[1]
