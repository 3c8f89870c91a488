"""Options of `espalier train` about the model that is registered."""

from typing import Annotated

import typer

from espalier.flows.cli.options.search import SEARCH

ModelName = Annotated[
    str | None, typer.Option(metavar="MODEL", help="Name in the registry. (default: from DATA)")
]
Bagged = Annotated[
    bool | None,
    typer.Option(
        "--bagged/--refit",
        help="Average the fold models of each member, or refit each member to all rows. "
        "(default: refit as many as the time allows, boosters several times)",
        rich_help_panel=SEARCH,
        show_default=False,
    ),
]
MaxLatencyMs = Annotated[
    float | None,
    typer.Option(metavar="MS", help="Maximum prediction time for one row.", rich_help_panel=SEARCH),
]
MaxSizeMb = Annotated[
    float | None,
    typer.Option(metavar="MIB", help="Maximum size of the model.", rich_help_panel=SEARCH),
]
MaxOperations = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        help="Maximum operations for one row; what takes more is not trained.",
        rich_help_panel=SEARCH,
    ),
]
RefitOnAll = Annotated[
    bool,
    typer.Option(
        "--refit-on-all/--no-refit-on-all",
        help="After the hold-out has scored the model, fit it to the hold-out rows as well. "
        "Later models can then be compared with it only on newer rows.",
        rich_help_panel=SEARCH,
    ),
]
