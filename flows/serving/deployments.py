"""Deployments of the flows that `espalier serve` and ``prefect.yaml`` publish.

To publish another flow, add a line to ``PUBLISHED``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_type_hints

from espalier.infra.version import own_version
from espalier.pipelines.errors import UserError

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.deployments.runner import RunnerDeployment

    from espalier.infra.orchestration.schedules import Schedule

TAG = "espalier"


@dataclass(frozen=True, slots=True)
class PublishedFlow:
    """A flow that can be started from the Prefect UI or by a schedule.

    Attributes
    ----------
    entrypoint : str
        Where the flow is defined, as ``module:flow``.
    tags : tuple of str
        Tags in addition to ``espalier``.
    """

    entrypoint: str
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the flow and of its deployment."""
        return self.entrypoint.partition(":")[2]

    def load(self) -> "Flow[Any, Any]":
        """Import the flow and return it."""
        module, _, name = self.entrypoint.partition(":")
        flow: Flow[Any, Any] = getattr(import_module(module), name)
        return flow


PUBLISHED = (
    PublishedFlow("espalier.flows.train_flow:train", ("training",)),
    PublishedFlow("espalier.flows.extend_flow:extend", ("training",)),
    PublishedFlow("espalier.flows.retrain_flow:retrain", ("lifecycle", "training")),
    PublishedFlow("espalier.flows.promote_flow:promote", ("lifecycle",)),
    PublishedFlow("espalier.flows.rollback_flow:rollback", ("lifecycle",)),
    PublishedFlow("espalier.flows.monitor_flow:monitor", ("lifecycle",)),
    PublishedFlow("espalier.flows.predict_flow:predict", ("serving",)),
    PublishedFlow("espalier.flows.check_flow:check", ("serving",)),
    PublishedFlow("espalier.flows.learn_flow:learn", ("experience",)),
)


def find_published_flow(schedule: "Schedule") -> PublishedFlow:
    """Return the published flow that a schedule names.

    Raises
    ------
    UserError
        No published flow has this name.
    """
    found = next((each for each in PUBLISHED if each.name == schedule.flow), None)
    if found is None:
        names = ", ".join(each.name for each in PUBLISHED)
        raise UserError(f"{schedule.where}: there is no flow {schedule.flow!r}; there is {names}")
    return found


def check_schedule(schedule: "Schedule") -> "Flow[Any, Any]":
    """Return the flow that a schedule names; its parameters are checked against the flow's form.

    Raises
    ------
    UserError
        The flow is unknown, or its parameters are invalid.
    """
    flow = find_published_flow(schedule).load()
    _check(flow, schedule)
    return flow


def make_deployments(schedules: Sequence["Schedule"] = ()) -> "list[RunnerDeployment]":
    """Return one deployment per flow, and one per schedule.

    A scheduled deployment is named after its model. Its runs execute one at a time; the next one
    waits.

    Raises
    ------
    UserError
        A schedule names an unknown flow, or its parameters are invalid.
    """
    made = [_deployment(each) for each in PUBLISHED]
    return made + [_scheduled(each) for each in schedules]


def _deployment(each: PublishedFlow) -> "RunnerDeployment":
    from prefect.deployments.runner import RunnerDeployment
    from prefect.types.entrypoint import EntrypointType

    flow = each.load()
    return RunnerDeployment.from_flow(
        flow,
        name=each.name,
        description=flow.description,
        tags=[TAG, *each.tags],
        version=own_version(),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def _scheduled(schedule: "Schedule") -> "RunnerDeployment":
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    each = find_published_flow(schedule)
    flow = check_schedule(schedule)
    return RunnerDeployment.from_flow(
        flow,
        name=schedule.name,
        description=f"{flow.description}\n\n{schedule.in_words}",
        tags=[TAG, *each.tags, "scheduled", schedule.model],
        version=own_version(),
        schedules=[Cron(schedule.cron, timezone=schedule.time_zone, slug=schedule.name)],
        parameters={"request": schedule.parameters},
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE
        ),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def _check(flow: "Flow[Any, Any]", schedule: "Schedule") -> None:
    """Raise a `UserError` now if the flow would refuse the parameters when it is due."""
    request = get_type_hints(flow.fn)["request"]
    try:
        request.parse(schedule.parameters)
    except UserError as error:
        raise UserError(f"{schedule.where}: {error}") from None
