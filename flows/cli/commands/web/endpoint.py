"""``espalier endpoint``: serve registered models over HTTP."""

from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors

ACCESS = "Who may ask"
LIMITS = "Limits"
LOG = "Request log"


@reports_errors
def endpoint(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME[@ALIAS|/VERSION]...",
            help="Registered models; of each its champion.",
            show_default=False,
        ),
    ],
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen at.", rich_help_panel=ACCESS)
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="Port; 0 for any free one.")] = 8080,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="What requests must bring (Authorization: Bearer TEXT); better set as "
            "ESPALIER_ENDPOINT_TOKEN. Listening elsewhere than at 127.0.0.1, one is made up and "
            "shown unless it is given; none for no token.",
            rich_help_panel=ACCESS,
            show_default=False,
        ),
    ] = None,
    alias: Annotated[
        str, typer.Option(metavar="ALIAS", help="The alias that a NAME alone stands for.")
    ] = "champion",
    workers: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Worker processes of each model; 0 to answer in the server's own process.",
        ),
    ] = 1,
    challenger_share: Annotated[
        float,
        typer.Option(metavar="X", help="Share of the requests that the challenger answers."),
    ] = 0.0,
    on_difference: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="What to do if a model does not answer the rows it was saved with as it did "
            "then: refuse it, or warn and serve it.",
        ),
    ] = "refuse",
    max_rows: Annotated[
        int, typer.Option(metavar="N", help="Rows of a request.", rich_help_panel=LIMITS)
    ] = 10_000,
    max_megabytes: Annotated[
        float, typer.Option(metavar="X", help="Size of a request.", rich_help_panel=LIMITS)
    ] = 10.0,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="Time in which a request is answered.", rich_help_panel=LIMITS
        ),
    ] = 30.0,
    log_sample: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="Share of the requests that is logged for espalier monitor; 0 for none.",
            rich_help_panel=LOG,
        ),
    ] = 1.0,
    log_redact: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL",
            help="Column that is left out of the log; may be repeated.",
            rich_help_panel=LOG,
            show_default=False,
        ),
    ] = None,
    log_id: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="Column of the requests that is logged too, to find their labels by later.",
            rich_help_panel=LOG,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve registered models over HTTP until Ctrl-C.

    POST rows to /models/NAME/predict; the page /docs shows how. When the champion changes, the new
    version takes over without a lost request.
    """
    from espalier.flows.cli.views.serve_endpoint import serve_endpoint
    from espalier.infra.settings import load_settings
    from espalier.infra.web.answering.messages import LogRules
    from espalier.infra.web.endpoint.options import (
        MEGABYTE,
        EndpointOptions,
        LogOptions,
        difference_policy,
        token_for,
    )

    settings = load_settings()
    kept = settings.endpoint_token
    given = token or (None if kept is None else kept.get_secret_value())
    serve_endpoint(
        EndpointOptions(
            models=tuple(models),
            alias=alias,
            host=host,
            port=port,
            token=token_for(host, given),
            workers=workers,
            challenger_share=challenger_share,
            most_bytes=int(max_megabytes * MEGABYTE),
            most_rows=max_rows,
            patience=timeout,
            on_difference=difference_policy(on_difference),
            log=LogOptions(
                sample=log_sample,
                rules=LogRules(redacted=frozenset(log_redact or ()), id_column=log_id),
            ),
        ),
        settings,
        shows_token=given is None,
    )
