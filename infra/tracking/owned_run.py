"""An MLflow run that names the process working on it, and ends when that work ends.

While a process works on a run it sets a tag anew every minute. From another machine, or another
container, that is the only sign of it; `espalier.infra.operations.silent_runs` watches the tags.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.errors import UserError

_LOG = logging.getLogger(__name__)

BEAT_SECONDS = 60.0
# A training knows its run only after a while.
_ASK_SECONDS = 1.0


@contextmanager
def owned_run(tracking: Tracking, name: str, tags: Mapping[str, str]) -> Iterator[str]:
    """Start a run and yield its id, as a context manager; an exception ends the run as failed.

    If the process is killed, the run can be found and ended by the owner in its tags.

    Parameters
    ----------
    tracking : Tracking
        The store.
    name : str
        Name of the run.
    tags : mapping of str to str
        Tags of the run.
    """
    owner = json.dumps(ProcessIdentity.mine().to_dict())
    signs = {run_tags.OWNER: owner, run_tags.BEAT: _sign()}
    run_id = tracking.start_run(name, tags={**tags, **signs})
    try:
        with beating(tracking, lambda: run_id):
            yield run_id
    except BaseException as error:
        refused = isinstance(error, UserError)
        tracking.set_tags(run_id, {run_tags.OUTCOME: "refused" if refused else "failed"})
        tracking.fail_run(run_id, error, killed=not isinstance(error, Exception))
        raise


@contextmanager
def beating(tracking: Tracking, find_run: Callable[[], str | None]) -> Iterator[None]:
    """Context manager in which a run shows every minute that it is worked on.

    Parameters
    ----------
    tracking : Tracking
        The store. That it does not answer is only logged.
    find_run : callable
        Returns the id of the run; None as long as it is not known, or no longer one's own.
    """
    over = threading.Event()
    thread = threading.Thread(
        target=_beat, args=(tracking, find_run, over), name="beat-mlflow", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        over.set()


def _beat(tracking: Tracking, find_run: Callable[[], str | None], over: threading.Event) -> None:
    run_id = None
    while not over.wait(_ASK_SECONDS if run_id is None else BEAT_SECONDS):
        try:
            run_id = find_run()
            if run_id is not None:
                tracking.set_tags(run_id, {run_tags.BEAT: _sign()})
        except Exception:
            _LOG.info("the MLflow run %s could not show that it is alive", run_id, exc_info=True)


def _sign() -> str:
    return f"{time.time():.3f}"
