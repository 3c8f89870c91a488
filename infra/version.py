"""The version of the installed package."""

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """Return the installed version of Espalier; ``source`` if it is not installed."""
    try:
        return version("espalier")
    except PackageNotFoundError:
        return "source"
