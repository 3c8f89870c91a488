"""Log the starts of trials, to find configurations that kill the whole process.

A trial that uses up the machine's memory may get the whole command killed, and leaves no result by
which a continued run could avoid it. So each start is a line of ``starts.jsonl`` in the run folder,
and a command that ends normally adds a line too. A configuration that was running in two commands
that were killed is the likely cause: it gets a failed result and is not tried again. (Trials that
ran at the same time may get one too.)
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from espalier.infra.processes.owner_lock import LockLostError
from espalier.infra.runs.store import RunStore
from espalier.pipelines.errors import StoreUnavailableError
from espalier.pipelines.evaluation.executors.base import DEADLY, ended_early
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus

_LOG = logging.getLogger(__name__)

REASON = f"the whole run was killed while this trial ran, {DEADLY} times"


class StartLog:
    """Logs the starts of the trials of one command.

    Parameters
    ----------
    store : RunStore
        The store of the run's folder.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._command = uuid4().hex
        self._began = False

    def note(self, trial: Trial) -> None:
        """Log that a trial starts; errors are ignored, since other writes report them."""
        self._began = True
        self._append({"command": self._command, "trial": trial.to_dict()})

    def close(self) -> None:
        """Log that the command ends normally, whatever the results of its trials."""
        if self._began:
            self._began = False
            self._append({"command": self._command, "ended": True})

    def _append(self, record: dict[str, Any]) -> None:
        with suppress(StoreUnavailableError, LockLostError, OSError):
            self._store.append_start(record)


def fail_deadly(store: RunStore) -> tuple[TrialResult, ...]:
    """Record a failed result for each trial that was running in two killed commands.

    Returns
    -------
    tuple of TrialResult
        The results that were recorded now.

    Raises
    ------
    StoreUnavailableError
        The disk is full.
    """
    results = store.results()
    outcomes = [ended_early(each, TrialStatus.FAILED, REASON) for each in _deadly(store, results)]
    for outcome in outcomes:
        _LOG.warning("trial %d is not tried again: %s", outcome.result.trial.number, REASON)
        store.append(outcome)
    return tuple(outcome.result for outcome in outcomes)


def _deadly(store: RunStore, results: Sequence[TrialResult]) -> list[Trial]:
    """Return the trials without a result that were running when two commands were killed."""
    ended = set()
    commands: dict[Configuration, set[str]] = defaultdict(set)
    newest: dict[Configuration, Trial] = {}
    for record in store.starts():
        if "ended" in record:
            ended.add(record["command"])
            continue
        trial = Trial.from_dict(record["trial"])
        commands[trial.configuration].add(record["command"])
        newest[trial.configuration] = trial
    tried = {each.trial.configuration for each in results}
    numbers = {each.trial.number for each in results}
    return [
        trial
        for configuration, trial in newest.items()
        if configuration not in tried
        and trial.number not in numbers
        and len(commands[configuration] - ended) >= DEADLY
    ]
