"""Record the end of failed and killed runs in MLflow and Prefect."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from uuid import UUID

from espalier.infra.runs.notes import MLFLOW_RUN
from espalier.infra.runs.store import RunStore
from espalier.infra.tracking.owned_run import beating
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.trials.failures import SearchFailedError

_LOGGER = logging.getLogger(__name__)


FLOW_RUN = "prefect_flow_run"


def take_over_run_folder(store: RunStore) -> None:
    """Record this flow run in the run folder, and mark a killed predecessor as crashed.

    A killed process cannot report its end, so Prefect would show its run as running for ever. The
    caller holds the lock of the folder: no other run works in it.
    """
    from prefect.runtime import flow_run

    before, mine = store.noted(FLOW_RUN), flow_run.id
    if mine is None:
        return
    store.note(FLOW_RUN, str(mine))
    if before is None or before == str(mine):
        return
    try:
        _end_if_running(before)
    except Exception:  # another server, or a database that was deleted
        _LOGGER.info("the flow run %s before this one is not known", before, exc_info=True)


def _end_if_running(flow_run_id: str) -> None:
    from prefect.client.orchestration import get_client
    from prefect.states import Crashed

    with get_client(sync_client=True) as client:
        state = client.read_flow_run(UUID(flow_run_id)).state
        if state is not None and not state.is_final():
            message = "Its process was killed; a later run continued its work."
            client.set_flow_run_state(UUID(flow_run_id), Crashed(message=message), force=True)


@contextmanager
def mlflow_run_ended(tracking: Tracking, store: RunStore) -> Iterator[None]:
    """If the block raises, end the MLflow run as failed, or as killed if the user stopped it.

    A run that another process has taken over is that one's, and is left alone.
    """

    def run_of_mine() -> str | None:
        return None if store.lock().is_lost else store.noted(MLFLOW_RUN)

    try:
        with beating(tracking, run_of_mine):
            yield
    except BaseException as error:
        run_id = store.noted(MLFLOW_RUN)
        if run_id is not None and not store.lock().is_lost:
            try:
                if isinstance(error, SearchFailedError):
                    failures = [asdict(each) for each in error.failures]
                    tracking.log_json(run_id, failures, "failures.json")
                tracking.fail_run(run_id, error, killed=not isinstance(error, Exception))
            except Exception:  # what went wrong first is what must be told
                _LOGGER.warning("the failure could not be recorded in MLflow", exc_info=True)
        raise
