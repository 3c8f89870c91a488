"""``espalier export``: write a registered model as one file."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def export(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@ALIAS|/VERSION]",
            help="The model; its champion by default.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="The file to write.", show_default=False),
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="onnx (the whole ensemble, for onnxruntime), c (the same as C99, without text "
            "columns) or python (a script that trains the best single model with plain "
            "libraries).",
        ),
    ] = "onnx",
    coverage: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Coverage of the prediction intervals of a regression."),
    ] = 0.9,
) -> None:
    """Write a registered model as one file that needs no Espalier.

    The file is asked the hold-out rows of the training, and kept only if it answers them as the
    model does: within 0.00001, and no label otherwise. Otherwise the exit status is 2, and the part
    that differs, or that has no form in the format, is named.
    """
    from espalier.flows.cli.views.exporting import export_and_print

    export_and_print(name, out, form, coverage=coverage)
