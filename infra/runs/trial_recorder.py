"""Trials on their way into the log, kept in hand while the disk is full."""

import logging

from espalier.infra.runs.store import RunStore
from espalier.pipelines.errors import StoreUnavailableError
from espalier.pipelines.trials.trial import TrialOutcome

_LOG = logging.getLogger(__name__)


class TrialRecorder:
    """Puts outcomes into a run's trial log; what the disk does not take now goes later.

    It outlives the task that uses it, so that a retry finds what could not be written.

    Parameters
    ----------
    store : RunStore
        The run's folder.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._unwritten: list[TrialOutcome] = []

    def keep(self, outcome: TrialOutcome) -> None:
        """Take an outcome and put it on record if that is possible now."""
        self._unwritten.append(outcome)
        try:
            self.write()
        except StoreUnavailableError as error:
            _LOG.warning("trial %d is not on record yet: %s", outcome.result.trial.number, error)

    def write(self) -> None:
        """Put on record what is not yet.

        Raises
        ------
        StoreUnavailableError
            The disk is full; everything stays in hand.
        """
        while self._unwritten:
            self._store.append(self._unwritten[0])
            del self._unwritten[0]
