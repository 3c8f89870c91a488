"""``espalier learn``: learn from the trials logged in MLflow, for later training runs."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors
from espalier.flows.terminal.verbosity import shows_progress


@reports_errors
@shows_progress
def learn(
    experiments: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Read only these MLflow experiments. (default: all)"),
    ] = None,
    promote: Annotated[
        str,
        typer.Option(
            metavar="auto|never",
            help="Whether the new predictor may replace the present one.",
        ),
    ] = "auto",
    force: Annotated[
        bool, typer.Option("--force", help="Fit a new predictor even if there are no new trials.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed.")] = 0,
    json_path: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the outcome as JSON."),
    ] = None,
) -> None:
    """Learn from all trials logged in MLflow which configurations to try first.

    Only trials logged since the last time are read. The new performance predictor replaces the
    present one if it ranks configurations no worse on datasets that it was not fitted to. Later
    training runs use it.
    """
    from espalier.flows.cli.runs.learn import run_learning
    from espalier.pipelines.requests.learn import LearnRequest

    run_learning(
        LearnRequest.parse(
            {"experiments": experiments, "promote": promote, "force": force, "seed": seed}
        ),
        json_path=json_path,
    )
