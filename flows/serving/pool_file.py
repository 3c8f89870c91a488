"""The deployments of `espalier serve` as a ``prefect.yaml`` for work pools.

Machines, containers or clusters that pull their work need no folder of whoever deployed it: flows
are named by the modules of the installed package, and nothing is pulled. Each scheduled entry gets
its schedule and its limit of one run at a time, as `espalier serve` publishes it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import yaml

from espalier.flows.serving.deployments import PUBLISHED, TAG, check_schedule, find_published_flow
from espalier.infra.environment import VARIABLES
from espalier.infra.form_settings import SECRET_PREFIX
from espalier.infra.orchestration import heartbeats
from espalier.infra.processes.import_path import OURS, SAFE_PATH
from espalier.infra.tables.placeholders import placeholders
from espalier.pipelines.errors import UserError

if TYPE_CHECKING:
    from espalier.infra.orchestration.schedules import Schedule

_HEAD = """\
# Made by `espalier serve --pool-file`; make it anew when schedules change.
#
#     prefect work-pool create {pool} --type process
#         # or docker, kubernetes: --base-job-template infra/deploy/pools/TYPE.json
#     prefect --no-prompt deploy --all
#     prefect worker start --pool {pool}
#
# Espalier must be installed where the runs are, with ESPALIER_HOME, MLFLOW_TRACKING_URI and
# PREFECT_API_URL set there; ESPALIER_RUNS_URL lets runs of another machine be continued.
"""


def pool_file(schedules: "Sequence[Schedule]", pool: str) -> str:
    """Return the text of a ``prefect.yaml``.

    Parameters
    ----------
    schedules : sequence of Schedule
        What runs when.
    pool : str
        Name of the work pool.

    Raises
    ------
    UserError
        A schedule names an unknown flow, wrong parameters, or a secret that machines of a pool
        would not give to it.
    """
    record = {
        "name": "espalier",
        "prefect-version": ">=3.4",
        "build": None,
        "push": None,
        # Left out or null, runs would import from the folder of whoever deploys.
        "pull": [],
        "deployments": [
            *(_deployment(each.name, each.entrypoint, each.tags, pool) for each in PUBLISHED),
            *(_scheduled(each, pool) for each in schedules),
        ],
    }
    text = yaml.dump(record, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return _HEAD.format(pool=pool) + str(text)


def _deployment(name: str, entrypoint: str, tags: Sequence[str], pool: str) -> dict[str, Any]:
    environment = VARIABLES | heartbeats.VARIABLES | {SAFE_PATH: OURS}
    return {
        "name": name,
        "entrypoint": entrypoint,
        "tags": [TAG, *tags],
        "work_pool": {"name": pool, "job_variables": {"env": dict(sorted(environment.items()))}},
    }


def _scheduled(schedule: "Schedule", pool: str) -> dict[str, Any]:
    check_schedule(schedule)
    for name in placeholders(schedule.data or ""):
        if not name.startswith(SECRET_PREFIX):
            raise UserError(
                f"{schedule.where}: machines of a work pool give {name!r} to no run; call it "
                f"{SECRET_PREFIX}{name}, or use a Secret block, ${{block:secret/name}}"
            )
    flow = find_published_flow(schedule)
    made = _deployment(
        schedule.name, flow.entrypoint, (*flow.tags, "scheduled", schedule.model), pool
    )
    return made | {
        "description": schedule.in_words,
        "parameters": {"request": schedule.parameters},
        "schedules": [
            {"cron": schedule.cron, "timezone": schedule.time_zone, "slug": schedule.name}
        ],
        "concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE"},
    }


class _Dumper(yaml.SafeDumper):
    """Writes everything out: people edit an entry without looking for what it refers to."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True
