"""A run in MLflow that a process works on: it names its owner, and ends however the work ends."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.errors import UserError


@contextmanager
def owned_run(tracking: Tracking, name: str, tags: Mapping[str, str]) -> Iterator[str]:
    """Open a run for the block and yield its id; what the block raises ends it as failed.

    The owner in its tags is how the run is ended where the process is killed.

    Parameters
    ----------
    tracking : Tracking
        The store.
    name : str
        The run's.
    tags : mapping of str to str
        What it is a record of.
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
