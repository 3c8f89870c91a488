"""Run `espalier retrain` with live progress, and print the outcome."""

from pathlib import Path
from typing import TYPE_CHECKING

from espalier.flows.cli.runs.flow_command import run_flow_command
from espalier.flows.terminal.outcome_file import failures_in
from espalier.infra.places import write_json
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.retrain import RetrainRequest

if TYPE_CHECKING:
    from rich.console import Console

    from espalier.flows.reports.retraining import RetrainReport


def run_retraining(request: RetrainRequest, *, json_path: Path | None) -> None:
    """Run the flow with live progress, print the outcome, and write it to ``json_path``.

    Raises
    ------
    UserError
        The request cannot be carried out, or the data are refused.
    LoggedError
        Anything else failed; the traceback is in a log file.
    """

    def check(own_server: bool) -> None:
        from espalier.infra.settings import load_settings
        from espalier.tasks.monitoring.read_last_training import read_last_training

        read_last_training.fn(request, load_settings())
        require_approver(request, own_server=own_server)

    def run() -> "RetrainReport":
        from espalier.flows.retrain_flow import retrain

        return retrain(request)

    def show(report: "RetrainReport", console: "Console") -> None:
        if json_path is not None:
            write_json(json_path, report.to_dict())
        print_retraining(report, console)

    with failures_in(json_path, request.name):
        run_flow_command(
            "retrain", f"retrain {request.name}", check, run, show, json_path=json_path
        )


def require_approver(request: RetrainRequest, *, own_server: bool) -> None:
    """Raise a `UserError` if a person must approve but no Prefect UI is running to ask in."""
    if request.promote == "approve" and own_server:
        raise UserError(
            "policy approve needs somebody to ask: run it beside `espalier ui`, or retrain first "
            f"and decide with: espalier promote {request.name} --policy approve"
        )


def print_retraining(report: "RetrainReport", console: "Console") -> None:
    """Print the outcome of a retraining, and of the promotion after it."""
    from espalier.flows.cli.runs.promote import print_outcome
    from espalier.flows.cli.views.training_summary import print_summary

    if not report.changed or report.training is None:
        console.print(
            f"the data have not changed since version {report.last}: {report.n_rows:,} rows, "
            f"fingerprint {report.fingerprint}; use --force to train anyway",
            soft_wrap=True,
        )
        if report.promotion is not None:
            print_outcome(report.promotion, console)
        return
    training = report.training
    print_summary(console, training, data=report.data)
    if report.promotion is not None:
        print_outcome(report.promotion, console)
    elif training.alias != "champion":
        console.print(
            f"\n{report.model}/{training.version} is the challenger; version {report.champion} "
            "still serves",
            soft_wrap=True,
        )
