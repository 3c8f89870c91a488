"""An MLflow run that names the process working on it, and ends when that work ends."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.errors import UserError


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
    run_id = tracking.start_run(name, tags={**tags, run_tags.OWNER: owner})
    try:
        yield run_id
    except BaseException as error:
        refused = isinstance(error, UserError)
        tracking.set_tags(run_id, {run_tags.OUTCOME: "refused" if refused else "failed"})
        tracking.fail_run(run_id, error, killed=not isinstance(error, Exception))
        raise
