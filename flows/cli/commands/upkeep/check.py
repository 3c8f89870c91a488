"""``espalier check``: ask registered models the rows they were saved with."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def check(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME[@ALIAS|/VERSION]]",
            help="The model. (default: the champions of all models)",
            show_default=False,
        ),
    ] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the outcome as JSON.")
    ] = None,
) -> None:
    """Try all champions with the packages that are installed here.

    Each is opened and asked the rows it was saved with. The exit status is 1 if one answers
    differently than when it was logged, or cannot be opened; the packages that differ are named.
    After an upgrade, run it before anything is predicted.
    """
    from espalier.flows.cli.views.model_checks import show_checks
    from espalier.pipelines.requests.check import CheckRequest

    show_checks(CheckRequest.parse({"model": model}), json_path=json_path)
