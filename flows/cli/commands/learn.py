"""``espalier learn``: what trainings left in MLflow becomes experience for the next ones."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def learn(
    experiments: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Only these MLflow experiments. (default: all)"),
    ] = None,
    promote: Annotated[
        str,
        typer.Option(metavar="auto|never", help="Whether the new predictor may serve."),
    ] = "auto",
    force: Annotated[
        bool, typer.Option("--force", help="Learn anew even if there is no new trial.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Root of everything random.")] = 0,
    json_path: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the outcome there, for scripts."),
    ] = None,
) -> None:
    """Learn from the trials that all trainings left in MLflow what to try first.

    Only what came since the last time is read. The new predictor serves if, on datasets that it has
    not seen, it ranks no worse than the present one. Trainings use it from then on.
    """
    from espalier.flows.cli.runs.learn import run_learning
    from espalier.pipelines.requests.learn import LearnRequest

    run_learning(
        LearnRequest.parse(
            {"experiments": experiments, "promote": promote, "force": force, "seed": seed}
        ),
        json_path=json_path,
    )
