"""Which Espalier this is."""

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """Return the installed version; ``source`` where it runs without being installed."""
    try:
        return version("espalier")
    except PackageNotFoundError:
        return "source"
