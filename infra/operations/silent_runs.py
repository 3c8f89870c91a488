"""End MLflow runs whose process is on another machine, or was in a container that is gone.

Nobody can see such a process. While it lives it sets a tag of its run anew every minute
(`espalier.infra.tracking.owned_run`), so `espalier serve` watches these tags: a run whose tag stays
as it is for a quarter of an hour has no process any more. No clock is compared with another one.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from espalier.infra.operations.dead_runs import kill_with_trials
from espalier.infra.settings import Settings
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.search import find_runs
from espalier.infra.tracking.store import find_experiments, make_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

# A store that does not answer for minutes, or a machine under load, must not end anything.
SILENT_SECONDS = 900.0


class SilenceWatch:
    """Watches the running runs of an experiment, and ends those that have fallen silent.

    Parameters
    ----------
    settings : Settings
        Name the store and the experiment.
    clock : callable
        Returns seconds that never go back; the system's clock may be set.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._client: MlflowClient | None = None
        self._heard: dict[str, tuple[str, float]] = {}

    def look(self) -> tuple[str, ...]:
        """Look at the runs once; return the ids of those ended now, trials included."""
        if self._client is None:
            self._client = make_client(self._settings)
        client = self._client
        homes = find_experiments(client, self._settings)
        condition = f"attributes.status = 'RUNNING' and tags.`{run_tags.BEAT}` != ''"
        running = list(find_runs(client, homes, condition))
        now, ended = self._clock(), list[str]()
        before, self._heard = self._heard, {}
        for run in running:
            run_id, sign = run.info.run_id, run.data.tags[run_tags.BEAT]
            known, since = before.get(run_id, ("", now))
            if known != sign:
                since = now
            if now - since > SILENT_SECONDS:
                ended += kill_with_trials(client, run.info.experiment_id, run_id)
            else:
                self._heard[run_id] = (sign, since)
        return tuple(ended)
