"""Placeholders for secrets in a data source.

``${SHOP_PASSWORD}`` names an environment variable, ``${block:secret/shop}`` a Secret block of the
Prefect server; ``block:secret/shop`` alone is a source that stands in the block as a whole.

Schedules, Prefect and MLflow store only the name; the value is inserted only when the source is
opened, and hidden from then on wherever it would go out (`espalier.pipelines.redaction.hide`).
"""

import os
import re
from collections.abc import Mapping
from urllib.parse import quote

from espalier.infra.access.origin import current_origin
from espalier.infra.access.secret_blocks import read_secret_block
from espalier.infra.form_settings import SECRET_PREFIX
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import hide

_BLOCK = r"block:secret/[A-Za-z0-9][A-Za-z0-9\-]*"
_PLACEHOLDER = re.compile(rf"\$\{{([A-Za-z_][A-Za-z0-9_]*|{_BLOCK})\}}")


def placeholders(text: str) -> tuple[str, ...]:
    """Return the distinct names of the environment variables in ``text``."""
    return tuple(each for each in _names(text) if not each.startswith("block:"))


def needs_blocks(text: str) -> bool:
    """Return whether ``text`` names a block, so that a Prefect server is needed to fill it in."""
    return any(each.startswith("block:") for each in _names(_whole(text)))


def fill_in(text: str, environ: Mapping[str, str] | None = None) -> str:
    """Return ``text`` with every placeholder replaced by its value.

    The name of an existing file is returned as it is. Between ``://`` and ``@`` of a URL the value
    is percent-encoded, so that a password may contain any character. For a form only variables that
    begin with ``ESPALIER_SECRET_``, or that the file of schedules names, are filled in.

    Raises
    ------
    UserError
        A variable is not set, a form may not name it, or there is no such block.
    """
    text = _whole(text)
    names = _names(text)
    if not names or os.path.exists(text):  # a folder may be called ${HOME}
        return text
    values = {name: _value(name, os.environ if environ is None else environ) for name in names}
    for name, value in values.items():
        hide(value, f"${{{name}}}")
    scheme, separator, rest = text.partition("://")
    login, at, place = rest.rpartition("@")
    if separator and at:
        login = _PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), login)
        return _plain(scheme, values) + separator + login + at + _plain(place, values)
    return _plain(text, values)


def _whole(text: str) -> str:
    """Return ``block:secret/shop`` as ``${block:secret/shop}``, any other text as it is."""
    return f"${{{text.strip()}}}" if re.fullmatch(_BLOCK, text.strip()) else text


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def _value(name: str, environ: Mapping[str, str]) -> str:
    if name.startswith("block:"):
        return read_secret_block(name.removeprefix("block:"))
    origin = current_origin()
    if origin.is_form and not (name.startswith(SECRET_PREFIX) or name in origin.names):
        raise UserError(
            f"the environment variable {name!r} is not read for a form; call it "
            f"{SECRET_PREFIX}{name}, or name it in the file of schedules"
        )
    if name not in environ:
        raise UserError(
            f"environment variable {name!r} is not set, which the data source names; "
            "set it where the flow runs"
        )
    return environ[name]


def _plain(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)
