"""Write trial outcomes to the log, and hold them in memory while the disk is full."""

import logging

from espalier.infra.runs.store import RunStore
from espalier.pipelines.errors import StoreUnavailableError
from espalier.pipelines.trials.trial import TrialOutcome

_LOG = logging.getLogger(__name__)


class TrialRecorder:
    """Writes outcomes to a run's trial log; those that cannot be written now are written later.

    It outlives the task that uses it, so that a retry finds the outcomes not yet written.

    Parameters
    ----------
    store : RunStore
        The store of the run's folder.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._unwritten: list[TrialOutcome] = []

    def keep(self, outcome: TrialOutcome) -> None:
        """Hold an outcome, and write it if that is possible now."""
        self._unwritten.append(outcome)
        try:
            self.write()
        except StoreUnavailableError as error:
            _LOG.warning("trial %d is not on record yet: %s", outcome.result.trial.number, error)

    def write(self) -> None:
        """Write all outcomes that are not written yet.

        Raises
        ------
        StoreUnavailableError
            The disk is full; nothing held is lost.
        """
        while self._unwritten:
            self._store.append(self._unwritten[0])
            del self._unwritten[0]
