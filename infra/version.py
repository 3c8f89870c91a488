"""The version of the installed package."""

from espalier import __version__


def own_version() -> str:
    """Return the version, which stands in ``espalier/__init__.py`` alone.

    The metadata of an editable installation may be those of an older source.
    """
    return __version__
