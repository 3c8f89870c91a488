"""Serve the flows: runs started in the Prefect UI or by a schedule are executed here."""

import asyncio
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from espalier.flows.serving.declaration import declare_schedules, open_own_folders
from espalier.flows.serving.deployments import make_deployments
from espalier.flows.serving.metrics_address import MetricsAddress, metrics_address
from espalier.flows.terminal.command_log import logged_command
from espalier.infra.orchestration.address import named_address
from espalier.infra.orchestration.heartbeats import VARIABLES, watch_heartbeats
from espalier.infra.orchestration.owners import owner_of
from espalier.infra.places import write_whole
from espalier.infra.processes.owner_lock import RunLock
from espalier.pipelines.errors import UserError

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

    from espalier.infra.operations.local_servers import ServerPage
    from espalier.infra.orchestration.schedules import Schedule
    from espalier.infra.settings import Settings

_LOGGER = logging.getLogger(__name__)


def serve_flows(
    schedules: Path | None, *, limit: int, name: str | None = None, metrics: str | None = None
) -> None:
    """Publish the flows, and execute runs started in the Prefect UI or by schedule, until Ctrl-C.

    Parameters
    ----------
    schedules : Path or None
        YAML file of schedules; None for none.
    limit : int
        Maximum number of concurrent runs.
    name : str or None
        The owner of what is published, as the setting ``serve_name``; None for the setting.
    metrics : str or None
        Where Prometheus is answered, ``PORT`` of this machine or ``HOST:PORT``; None for nowhere.

    Raises
    ------
    UserError
        ``limit`` is less than 1, ``metrics`` is no free address, the schedules are invalid, or
        another `espalier serve` of this home folder and name is running.
    LoggedError
        Anything else failed; the traceback is in a log file.
    """
    from espalier.infra.orchestration.schedules import read_schedules

    if limit < 1:
        raise UserError(f"--limit must be at least 1, not {limit}")
    page = None if metrics is None else metrics_address(metrics)
    if name is not None:
        os.environ["ESPALIER_SERVE_NAME"] = name  # as a setting, for the runs as well
    for variable, value in VARIABLES.items():
        os.environ.setdefault(variable, value)
    # Output of Prefect's services and of the runs goes to the log.
    with logged_command("serve") as frame:
        entries = read_schedules(schedules) if schedules is not None else ()
        console = Console(file=frame.terminal, highlight=False)
        _serve(frame.settings, entries, limit, page, console, frame.log_path)


def write_pool_file(schedules: Path | None, path: Path, pool: str) -> None:
    """Write a ``prefect.yaml`` with the deployments of these schedules for a work pool.

    Raises
    ------
    UserError
        The schedules are invalid, or the file cannot be written.
    """
    from espalier.flows.serving.pool_file import pool_file
    from espalier.infra.orchestration.schedules import read_schedules

    # Secrets are those of the machines that run it, not of this one.
    entries = () if schedules is None else read_schedules(schedules, _AnyName())
    write_whole(path, pool_file(entries, pool))


class _AnyName(dict[str, str]):
    """An environment in which every variable is set."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)


def _serve(
    settings: "Settings",
    schedules: "Sequence[Schedule]",
    limit: int,
    metrics: MetricsAddress | None,
    console: Console,
    log_path: Path,
) -> None:
    from espalier.infra.operations.local_servers import LocalServers

    key = owner_of(settings).key
    alone = RunLock(
        settings.home / "locks" / f"serve-{key}",
        what="`espalier serve` in this home folder",
        advice="give this one a name of its own with --name, or stop the other one",
    )
    own_server = named_address(settings) is None
    with alone, LocalServers(settings) as servers:
        try:
            with console.status("starting the servers"):
                pages = servers.start()
                open_own_folders(settings, own_server=own_server)
                deployments = _prepare(schedules, settings)
            with _metrics(metrics, settings, console):
                asyncio.run(_run(deployments, settings, limit, pages, console, log_path))
        except KeyboardInterrupt:  # during start-up
            console.print("stopping")


@contextmanager
def _metrics(
    address: MetricsAddress | None, settings: "Settings", console: Console
) -> Iterator[None]:
    """Answer Prometheus during the block, if an address is given."""
    if address is None:
        yield
        return
    from espalier.infra.operations.figures.prometheus import FleetCollector, MetricsPage

    collector = FleetCollector(settings, owner_of(settings).tag)
    with MetricsPage(collector, host=address.host, port=address.port) as page:
        console.print(f"metrics  [cyan]{page.url}[/]")
        yield


def _prepare(schedules: "Sequence[Schedule]", settings: "Settings") -> "list[RunnerDeployment]":
    """Return the deployments to publish; this imports the flows, which takes seconds."""
    from prefect.context import refresh_global_settings_context

    refresh_global_settings_context()  # checking the schedules has imported prefect
    deployments = make_deployments(schedules)
    declare_schedules(schedules, settings)
    watch_heartbeats()
    return deployments


async def _run(
    deployments: "Sequence[RunnerDeployment]",
    settings: "Settings",
    limit: int,
    pages: "Sequence[ServerPage]",
    console: Console,
    log_path: Path,
) -> None:
    from espalier.flows.serving.housekeeper import Housekeeper
    from espalier.flows.serving.publishing import publish
    from espalier.flows.serving.runner import POLL_SECONDS, ServingRunner, run_until_stopped
    from espalier.infra.registry.alias_webhook import ensure_webhook

    runner = ServingRunner(
        name="espalier", limit=limit, query_seconds=POLL_SECONDS, pause_on_shutdown=False
    )
    owner = owner_of(settings)
    with console.status("publishing the flows"):
        deployments = await publish(runner, deployments, owner)
    _show(deployments, pages, console, log_path)
    if said := ensure_webhook(settings):
        console.print(said, style="dim")
    with Housekeeper(settings, owner, console):
        # Runs that could not record their own end are marked as ended too.
        await run_until_stopped(runner, at_end=lambda: _end_leftovers(settings))
    console.print("stopping")


def _end_leftovers(settings: "Settings") -> None:
    from espalier.infra.operations.dead_runs import end_dead_runs

    try:
        end_dead_runs(settings)
    except Exception:  # the next `espalier serve` ends them
        _LOGGER.warning("dead runs could not be ended", exc_info=True)


def _show(
    deployments: "Sequence[RunnerDeployment]",
    pages: "Sequence[ServerPage]",
    console: Console,
    log_path: Path,
) -> None:
    from prefect.client.schemas.schedules import CronSchedule

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("flow")
    table.add_column("deployment")
    table.add_column("runs")
    for each in deployments:
        crons = [made.schedule for made in each.schedules or ()]
        when = ", ".join(
            f"{cron.cron} ({cron.timezone})" for cron in crons if isinstance(cron, CronSchedule)
        )
        table.add_row(each.flow_name, each.name, when or "[dim]when started[/]")
    console.print(table)
    console.print()
    for page in pages:
        start = f"{page.url}/deployments" if page.name == "Prefect" else page.url
        console.print(f"{page.name:<8} [cyan]{start}[/]")
    console.print(f"[dim]log      {log_path}[/]", soft_wrap=True)
    console.print("[dim]Ctrl-C stops serving, and the servers started here.[/]")
