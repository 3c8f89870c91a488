"""Print a line on the terminal whenever the state of a flow run changes."""

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rich.console import Console
from rich.text import Text

from espalier.flows.progress.listeners import human_seconds
from espalier.infra.orchestration.owners import Owner

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

_STYLES = {
    "COMPLETED": "green",
    "FAILED": "red",
    "CRASHED": "red",
    "PAUSED": "yellow",
    "CANCELLED": "yellow",
}
_TOLD = ("RUNNING", "PAUSED", "CANCELLING", "COMPLETED", "FAILED", "CRASHED", "CANCELLED")
_MOST_RUNS = 50


class StatePrinter:
    """Prints flow runs of Espalier whose state has changed since the last poll.

    Parameters
    ----------
    console : Console
        Where the lines are printed.
    owner : Owner
        Whose runs are printed: those of others on the same server are not ours to tell.
    """

    def __init__(self, console: Console, owner: Owner) -> None:
        self._console = console
        self._owner = owner
        self._told: dict[UUID, str] = {}
        self._begun = datetime.now().astimezone()

    def look(self, client: "SyncPrefectClient") -> None:
        """Poll Prefect, and print a line for each run whose state has changed."""
        from prefect.client.schemas.filters import FlowRunFilter
        from prefect.client.schemas.sorting import FlowRunSort

        runs = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(tags={"all_": [self._owner.tag]}),
            sort=FlowRunSort.START_TIME_DESC,
            limit=_MOST_RUNS,
        )
        for run in reversed(runs):
            state = run.state
            if state is None or state.type.value not in _TOLD:
                continue
            is_old = state.is_final() and state.timestamp < self._begun
            if is_old or self._told.get(run.id) == state.name:
                continue
            self._told[run.id] = str(state.name)
            self._say(run, state)

    def _say(self, run: Any, state: Any) -> None:
        line = Text(time.strftime("%H:%M:%S  "), style="dim")
        line.append(f"{str(state.name).lower():<11}", style=_STYLES.get(state.type.value, "cyan"))
        line.append(str(run.name))
        if state.is_final():
            line.append(f"  {human_seconds(run.total_run_time.total_seconds())}", style="dim")
        if state.type.value in ("FAILED", "CRASHED") and state.message:
            line.append(f"  {' '.join(state.message.split())[:200]}")
        self._console.print(line, soft_wrap=True)
