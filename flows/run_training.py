"""A training from the command line: everything started at once, watched, summed up."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import UserError
from pipelines.request import TrainRequest

if TYPE_CHECKING:
    from rich.console import Console

    from flows.report import TrainReport
    from infra.settings import Settings


def run_training(request: TrainRequest, *, json_path: Path | None) -> None:
    """Run the flow, show it, and leave the outcome on the screen and in ``json_path``.

    Raises
    ------
    UserError
        What is asked cannot be done.
    """
    from rich.console import Console

    from infra.settings import load_settings

    settings = load_settings()
    if json_path is not None and not json_path.absolute().parent.is_dir():
        raise UserError(f"the folder of {str(json_path)!r} does not exist; make it first")
    console = Console(highlight=False)
    report = _train(request, settings, console)
    if json_path is not None:
        report.write_json(json_path)

    from flows.summary import print_summary

    print_summary(console, report, data=request.shown_data)


def _train(request: TrainRequest, settings: "Settings", console: "Console") -> "TrainReport":
    from flows.console import open_console
    from flows.session import Session, begin_reading, made_current

    started_at = process_start()
    table = begin_reading(request, settings)
    title = f"{request.shown_data} → {request.target}"
    with (
        open_console(title, console) as watcher,
        Session(request, settings, watcher, table=table, started_at=started_at) as session,
        made_current(session),
    ):
        from flows.train import train

        return train(request)


def process_start() -> float:
    """Return when this process started, in seconds since 1970."""
    import psutil

    return float(psutil.Process(os.getpid()).create_time())
