"""Retry policy of tasks, and tasks whose results are kept in the run folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from prefect import Task
from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.tasks import exponential_backoff

from espalier.infra.log_redaction import secrets_hidden
from espalier.infra.orchestration.result_serializer import SealedSerializer, drop_foreign
from espalier.infra.version import own_version
from espalier.pipelines.errors import StoreUnavailableError, UserError, WorkerLostError
from espalier.pipelines.surroundings import undisturbed

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
    """Whether the same work may succeed if it is retried."""
    if isinstance(error, _LASTING):
        return False
    if isinstance(error, _PASSING):
        return True
    # A locked sqlite reaches us wrapped by SQLAlchemy, whose import would cost more than its name.
    return type(error).__name__ == "OperationalError" and "locked" in str(error)


def retry_if_it_can_pass(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Return whether Prefect should retry a failed task."""
    try:
        state.result()
    except BaseException as error:
        return can_pass(error)
    return False


class HasFolder(Protocol):
    """An argument that tells a kept task its run folder."""

    @property
    def folder(self) -> Path:
        """The run folder."""


class KeptTask(Task[P, R]):
    """A task whose result is kept in the run folder, and read from there if present.

    Its first argument names the folder. The folder is named after the content of data and request,
    so the same command finds the results of an interrupted run.
    """

    def __call__(self, run: HasFolder, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        """Return the kept result, or run the task."""
        return self.in_folder(run.folder)(run, *args, **options)

    def submit(self, run: HasFolder, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        """Return a future of the result, kept or computed in the background."""
        return self.in_folder(run.folder).submit(run, *args, **options)

    def in_folder(self, folder: Path) -> Task[..., R]:
        """Return the task with this run folder as the storage of its results."""
        place = Path(folder) / "results"
        drop_foreign(place / _key_of(self))
        return self.with_options(
            persist_result=True,
            result_storage=place,
            result_serializer=SealedSerializer(),
            cache_policy=CacheKeyFnPolicy(cache_key_fn=_content_key),
        )


def retried_task(
    *,
    name: str,
    tags: Sequence[str],
    description: str | None = None,
    task_run_name: str | None = None,
    timeout_seconds: float | None = None,
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Return a decorator that makes a Prefect task which is retried if that may help.

    The task always runs; see `kept_task` for tasks whose results are kept.

    Parameters
    ----------
    name, tags, description, task_run_name, timeout_seconds
        As in Prefect's ``task``.
    """

    def decorate(function: Callable[P, R]) -> Task[P, R]:
        return Task(
            undisturbed(secrets_hidden()(function)),
            name=name,
            description=description,
            tags=tags,
            task_run_name=task_run_name,
            timeout_seconds=timeout_seconds,
            **_RETRIED,
        )

    return decorate


def kept_task(
    *, name: str, tags: Sequence[str], description: str, timeout_seconds: float | None = None
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Return a decorator that makes a `KeptTask`, which is retried if that may help.

    Parameters
    ----------
    name, tags, description, timeout_seconds
        As in Prefect's ``task``. The name is the key of the result.
    """

    def decorate(function: Callable[P, R]) -> Task[P, R]:
        return KeptTask(
            undisturbed(secrets_hidden()(function)),
            name=name,
            description=description,
            tags=tags,
            timeout_seconds=timeout_seconds,
            **_RETRIED,
        )

    return decorate


def _content_key(context: TaskRunContext, _parameters: dict[str, Any]) -> str:
    # The run folder, where results are kept, is itself named after the content: data and request.
    return _key_of(context.task)


def _key_of(task: Task[..., Any]) -> str:
    return f"{task.name}-{own_version()}"


_RETRIED: dict[str, Any] = {
    "retries": RETRIES,
    "retry_delay_seconds": BACKOFF,
    "retry_jitter_factor": JITTER,
    "retry_condition_fn": retry_if_it_can_pass,
    "cache_policy": ALWAYS_RUN,
    "persist_result": False,
}
