"""``espalier ui``: start the MLflow and Prefect UIs."""

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def ui() -> None:
    """Start the MLflow and Prefect servers if needed, and print their addresses."""
    from espalier.flows.cli.views.serve_ui import serve_ui

    serve_ui()
