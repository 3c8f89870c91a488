"""A run that ends badly is on record as such."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from infra.run_store import RunStore
from infra.tracking import Tracking
from tasks.open_run import NOTE

_LOGGER = logging.getLogger(__name__)


@contextmanager
def recorded(tracking: Tracking, store: RunStore) -> Iterator[None]:
    """End the MLflow run as failed, or as killed by its user, when the block raises."""
    try:
        yield
    except BaseException as error:
        run_id = store.noted(NOTE)
        if run_id is not None:
            try:
                tracking.fail_run(run_id, error, killed=not isinstance(error, Exception))
            except Exception:  # what went wrong first is what must be told
                _LOGGER.warning("the failure could not be recorded in MLflow", exc_info=True)
        raise
