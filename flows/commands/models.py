"""``espalier models``: what the registry holds."""

from flows.exits import reports_errors


@reports_errors
def models() -> None:
    """List the registered models with their versions, aliases and scores."""
    from flows.inspect_models import show_models

    show_models()
