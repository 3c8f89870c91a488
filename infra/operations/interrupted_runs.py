"""Continue scheduled runs that were cut off: their process was killed, or a store did not answer.

Nobody sits in front of a scheduled run, and its next turn may be a month away. So it is given back
to Prefect as a run that waits for a retry: the same run, with the same parameters, which finds its
run folder and goes on from there. What fails of itself, or was cancelled by somebody, stays ended.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

UNAVAILABLE = "Unavailable"
"""Name of the state of a run that failed because of something that passes."""

# A run that is killed again and again (it needs more memory than there is) must end at last.
MOST_STARTS = 3
# What is older has been seen by somebody, or is overtaken by the next run of its schedule.
LONGEST_GONE = timedelta(hours=24)
_FIRST_WAIT = timedelta(minutes=5)
_MESSAGE = "It was cut off; it is continued from what it had done."


def continue_interrupted(tags: Sequence[str] = (), *, now: datetime | None = None) -> list[str]:
    """Schedule interrupted runs of schedules again, and return their names.

    Not continued are runs that were started three times, that ended more than a day ago, or after
    which another run of their schedule has begun.

    Parameters
    ----------
    tags : sequence of str
        Tags of the runs, in addition to ``espalier`` and ``scheduled``.
    now : datetime or None
        The current time; None for the clock's.
    """
    from prefect.client.orchestration import get_client

    now = now or datetime.now(UTC)
    with get_client(sync_client=True) as client:
        return [
            run.name
            for run in _cut_off(client, tags, now)
            if not _is_overtaken(client, run) and _schedule_again(client, run, now)
        ]


def _cut_off(client: "SyncPrefectClient", tags: Sequence[str], now: datetime) -> "list[FlowRun]":
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterEndTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
        FlowRunFilterTags,
    )
    from prefect.client.schemas.objects import StateType

    ended_badly = FlowRunFilterStateType(any_=[StateType.CRASHED, StateType.FAILED])
    found = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(all_=["espalier", "scheduled", *tags]),
            state=FlowRunFilterState(type=ended_badly),
            end_time=FlowRunFilterEndTime(after_=now - LONGEST_GONE),
        )
    )
    return [each for each in found if _can_go_on(each)]


def _can_go_on(run: "FlowRun") -> bool:
    if run.state is None or not run.auto_scheduled or run.run_count >= MOST_STARTS:
        return False
    return run.state.is_crashed() or run.state.name == UNAVAILABLE


def _is_overtaken(client: "SyncPrefectClient", run: "FlowRun") -> bool:
    """Return whether a later run of the same schedule has begun."""
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterId,
        FlowRunFilter,
        FlowRunFilterStartTime,
    )

    if run.deployment_id is None or run.start_time is None:
        return run.deployment_id is None
    # Of runs that have not begun, Prefect takes the time when they should.
    begun = FlowRunFilterStartTime(after_=run.start_time, is_null_=False)
    later = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(start_time=begun),
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[run.deployment_id])),
        limit=2,
    )
    return any(each.id != run.id for each in later)


def _schedule_again(client: "SyncPrefectClient", run: "FlowRun", now: datetime) -> bool:
    """Let a run wait for its retry: the first time not at all if it was killed, then longer."""
    from prefect.client.schemas.objects import State
    from prefect.client.schemas.responses import SetStateStatus
    from prefect.states import AwaitingRetry

    assert run.state is not None
    turn = run.run_count - 1 if run.state.is_crashed() else run.run_count
    wait = _FIRST_WAIT * 5 ** (turn - 1) if turn > 0 else timedelta()
    again: State[None] = AwaitingRetry(scheduled_time=now + wait, message=_MESSAGE)
    answer = client.set_flow_run_state(run.id, again)
    return answer.status == SetStateStatus.ACCEPT
