"""Placeholders for secrets: ``${SHOP_PASSWORD}`` in a data source names an environment variable.

Schedules, Prefect and MLflow store only the name; the value is inserted only when the source is
opened.
"""

import os
import re
from collections.abc import Mapping
from urllib.parse import quote

from espalier.pipelines.errors import UserError

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def placeholders(text: str) -> tuple[str, ...]:
    """Return the distinct names of the variables in ``text``."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def fill_in(text: str, environ: Mapping[str, str] | None = None) -> str:
    """Return ``text`` with every ``${NAME}`` replaced by the variable's value.

    The name of an existing file is returned as it is. Between ``://`` and ``@`` of a URL the value
    is percent-encoded, so that a password may contain any character.

    Raises
    ------
    UserError
        A variable is not set.
    """
    if os.path.exists(text):  # a folder may be called ${HOME}
        return text
    values = os.environ if environ is None else environ
    missing = [name for name in placeholders(text) if name not in values]
    if missing:
        raise UserError(
            f"environment variable {missing[0]!r} is not set, which the data source names; "
            "set it where the flow runs"
        )
    scheme, separator, rest = text.partition("://")
    login, at, place = rest.rpartition("@")
    if separator and at:
        login = _PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), login)
        return _plain(scheme, values) + separator + login + at + _plain(place, values)
    return _plain(text, values)


def _plain(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)
