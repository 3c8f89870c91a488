"""``espalier rollback``: make the previous champion serve again."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def rollback(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The registered model.", show_default=False)
    ],
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Reason, for the record.")
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option(metavar="WHO", help="Who decides, for the record. (default: user@host)"),
    ] = None,
) -> None:
    """Make the previous champion serve again.

    The version that is rolled back loses its alias. Repeating the command goes back one version
    further.
    """
    from espalier.flows.terminal.safe_text import safe_text
    from espalier.infra.actor import current_actor
    from espalier.infra.settings import load_settings
    from espalier.pipelines.requests.promote import RollbackRequest
    from espalier.tasks.promotion.roll_back import roll_back

    request = RollbackRequest.parse({"name": name, "reason": reason, "actor": actor})
    done = roll_back(request, load_settings(), actor=request.actor or current_actor())
    further = (
        "nobody is left to roll back to"
        if done.previous_after is None
        else (f"version {done.previous_after} would be next")
    )
    typer.echo(f"{safe_text(name)}/{done.champion_after} serves now; {further}")
