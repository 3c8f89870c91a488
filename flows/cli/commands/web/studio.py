"""``espalier studio``: from a table to predictions in a browser, without code."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def studio(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen at.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="Port to listen at; 0 for any.")] = 8600,
    password: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            envvar="ESPALIER_STUDIO_PASSWORD",
            help="Password of the page. (default: none on this machine, a drawn one elsewhere)",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST",
            help="A further name under which it is reached, such as a proxy's; may be repeated.",
            show_default=False,
        ),
    ] = None,
    max_upload: Annotated[
        float, typer.Option(metavar="MB", help="Largest file that may be uploaded.")
    ] = 500.0,
) -> None:
    """Serve the page without code: data, train, models, predict, deploy, watch.

    It works on the same home folder as all commands, and starts them as processes of their own:
    they go on when the page is stopped. Stop it with Ctrl-C.
    """
    from espalier.flows.studio.serve import StudioOptions, serve_studio
    from espalier.infra.settings import load_settings

    options = StudioOptions(
        host=host,
        port=port,
        password=password or None,
        names=tuple(name or ()),
        most_megabytes=max_upload,
    )
    serve_studio(options, load_settings())
