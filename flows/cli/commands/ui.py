"""``espalier ui``: the MLflow and Prefect pages on the local stores."""

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def ui() -> None:
    """Start (or find) the MLflow and Prefect servers and print their addresses."""
    from espalier.flows.cli.views.serve_ui import serve_ui

    serve_ui()
