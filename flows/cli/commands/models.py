"""``espalier models``: list the registered models."""

from espalier.flows.terminal.exits import reports_errors


@reports_errors
def models() -> None:
    """List the registered models with their versions, aliases and scores."""
    from espalier.flows.cli.views.model_tables import show_models

    show_models()
