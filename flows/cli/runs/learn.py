"""Run `espalier learn` with live progress, and print the outcome."""

from pathlib import Path
from typing import TYPE_CHECKING

from espalier.flows.cli.runs.flow_command import run_flow_command
from espalier.infra.places import write_json
from espalier.pipelines.requests.learn import LearnRequest

if TYPE_CHECKING:
    from rich.console import Console

    from espalier.flows.reports.learning import LearnReport


def run_learning(request: LearnRequest, *, json_path: Path | None) -> None:
    """Run the flow with live progress, print the outcome, and write it to ``json_path``.

    Raises
    ------
    UserError
        The request cannot be carried out.
    LoggedError
        Anything else failed; the traceback is in a log file.
    """

    def check(own_server: bool) -> None:  # noqa: ARG001 - the caller tells it
        from espalier.infra.registry.run_experience import RunExperience
        from espalier.infra.settings import load_settings

        RunExperience(load_settings()).records.read()

    def run() -> "LearnReport":
        from espalier.flows.learn_flow import learn

        return learn(request)

    def show(report: "LearnReport", console: "Console") -> None:
        if json_path is not None:
            write_json(json_path, report.to_dict())
        for line in report.lines:
            console.print(line, soft_wrap=True)

    run_flow_command(
        "learn", "learn from the runs in MLflow", check, run, show, json_path=json_path
    )
