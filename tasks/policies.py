"""When a task is tried again, and when its result is taken from an earlier run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.tasks import exponential_backoff

from espalier.infra.orchestration.result_serializer import SealedSerializer, drop_foreign
from espalier.infra.version import own_version
from espalier.pipelines.errors import StoreUnavailableError, UserError, WorkerLostError

P = ParamSpec("P")
R = TypeVar("R")

RETRIES = 3
# 1, 2, 4 seconds, each up to half as much longer so that runs do not come back in step.
BACKOFF = exponential_backoff(backoff_factor=1)
JITTER = 0.5

ALWAYS_RUN = NO_CACHE

# Only tasks that run in the flow's own thread have a timeout: Prefect cannot stop another thread.
MINUTES = 60.0

# What trying again does not cure.
_LASTING = (UserError, FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_PASSING = (WorkerLostError, StoreUnavailableError, TimeoutError, OSError)


def can_pass(error: BaseException) -> bool:
    """Whether the same work may succeed when it is tried again."""
    if isinstance(error, _LASTING):
        return False
    if isinstance(error, _PASSING):
        return True
    # A locked sqlite reaches us wrapped by SQLAlchemy, whose import would cost more than its name.
    return type(error).__name__ == "OperationalError" and "locked" in str(error)


def retry_if_it_can_pass(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Decide for Prefect whether a failed task is tried again."""
    try:
        state.result()
    except BaseException as error:
        return can_pass(error)
    return False


def retried_task(
    *,
    name: str,
    tags: Sequence[str],
    description: str | None = None,
    task_run_name: str | None = None,
    timeout_seconds: float | None = None,
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Return Prefect's ``task`` for work that is tried again where that may help.

    It always runs: who wants its result kept says so with `cached_in_run_folder`.

    Parameters
    ----------
    name, tags, description, task_run_name, timeout_seconds
        As Prefect's ``task`` has them.
    """
    return task(
        name=name,
        description=description,
        tags=tags,
        task_run_name=task_run_name,
        timeout_seconds=timeout_seconds,
        retries=RETRIES,
        retry_delay_seconds=BACKOFF,
        retry_jitter_factor=JITTER,
        retry_condition_fn=retry_if_it_can_pass,
        cache_policy=ALWAYS_RUN,
        persist_result=False,
    )


def _content_key(context: TaskRunContext, _parameters: dict[str, Any]) -> str:
    # The run folder, where results are kept, is itself named after the content: data and request.
    return _key_of(context.task)


def _key_of(task: Task[..., Any]) -> str:
    return f"{task.name}-{own_version()}"


def cached_in_run_folder(task: Task[..., R], folder: Path) -> Task[..., R]:
    """Return ``task`` with its result kept in a run folder and taken from there if it is.

    The folder is named after the content of the data and of the request, so the same command
    finds what an interrupted run had done, and a folder that is deleted takes its results along.
    """
    place = Path(folder) / "results"
    drop_foreign(place / _key_of(task))
    return task.with_options(
        persist_result=True,
        result_storage=place,
        result_serializer=SealedSerializer(),
        cache_policy=CacheKeyFnPolicy(cache_key_fn=_content_key),
    )
