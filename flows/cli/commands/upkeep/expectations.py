"""``espalier expectations``: state what a model's tables should be like, and keep it."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors

CHANGE = "Change"


@reports_errors
def expectations(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The registered model.", show_default=False)
    ],
    add: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LINE",
            help="State one: its name in Great Expectations, then argument=value each, such as "
            "'expect_column_values_to_be_between column=age min_value=0 max_value=120'.",
            rich_help_panel=CHANGE,
        ),
    ] = None,
    min_rows: Annotated[
        str | None,
        typer.Option(
            metavar="N|P%",
            help="State the fewest rows, or the least share of the last training's, such as 50%.",
            rich_help_panel=CHANGE,
        ),
    ] = None,
    fresh: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=DAYS",
            help="State how many days old the newest date of a column may be at a training.",
            rich_help_panel=CHANGE,
        ),
    ] = None,
    pin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN|KEY|all",
            help="Keep what was inferred from the champion's table, instead of inferring it anew.",
            rich_help_panel=CHANGE,
        ),
    ] = None,
    silence: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help="Do not check this one, though it would be inferred.",
            rich_help_panel=CHANGE,
        ),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY|COLUMN", help="Take back what was stated.", rich_help_panel=CHANGE
        ),
    ] = None,
    edit: Annotated[
        bool,
        typer.Option(
            "--edit", help="Edit the suite in $VISUAL or $EDITOR.", rich_help_panel=CHANGE
        ),
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Take the whole suite from a YAML file.", rich_help_panel=CHANGE
        ),
    ] = None,
    severity: Annotated[
        str | None,
        typer.Option(
            metavar="error|warning",
            help="What --add, --min-rows, --fresh and --pin state: an error refuses the table. "
            "(default: error; of what is pinned, as it was inferred)",
            rich_help_panel=CHANGE,
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, for the pages.", rich_help_panel=CHANGE)
    ] = "",
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print the suite as YAML, as --file reads it.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the suite as an HTML page."),
    ] = None,
) -> None:
    """Show or change what people expect of a model's tables.

    Each training infers expectations from its table. What is stated here stays from training to
    training, in place of what is inferred of the same, and is checked by every train, retrain and
    predict of the model.
    """
    from espalier.flows.cli.views.owned_expectations import SuiteChange, show_expectations

    show_expectations(
        name,
        SuiteChange(
            add=tuple(add or ()),
            min_rows=min_rows,
            fresh=tuple(fresh or ()),
            pin=tuple(pin or ()),
            silence=tuple(silence or ()),
            remove=tuple(remove or ()),
            edit=edit,
            file=file,
            severity=severity,
            reason=reason,
        ),
        as_yaml=as_yaml,
        html=html,
    )
