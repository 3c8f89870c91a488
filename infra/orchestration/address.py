"""Where the address of a Prefect server comes from, so that a message about it can say so."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from espalier.infra.settings import Settings

_VARIABLES = ("ESPALIER_PREFECT_API_URL", "PREFECT_API_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAddress:
    """An address that the user has named.

    Attributes
    ----------
    url : str
        Of a Prefect API.
    named_by : str
        The variable or the file, for people.
    """

    url: str
    named_by: str


def named_address(settings: Settings) -> NamedAddress | None:
    """Return the address in the settings or in the active Prefect profile; None without one."""
    if settings.prefect_api_url:
        given = (name for name in _VARIABLES if os.environ.get(name) == settings.prefect_api_url)
        variable = next(given, _VARIABLES[0])
        return NamedAddress(
            url=settings.prefect_api_url, named_by=f"the environment variable {variable}"
        )
    return _of_profile()


def _of_profile() -> NamedAddress | None:
    """Return the address in the user's active Prefect profile, if it names one."""
    try:
        home = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
        given = os.environ.get("PREFECT_PROFILES_PATH", str(home / "profiles.toml"))
        path = Path(given).expanduser()
        profiles = tomllib.loads(path.read_text())
        name = os.environ.get("PREFECT_PROFILE") or profiles["active"]
        url = str(profiles["profiles"][name]["PREFECT_API_URL"])
    # RuntimeError: there is no home folder to expand.
    except (OSError, KeyError, TypeError, RuntimeError, ValueError):
        return None
    named_by = f"the Prefect profile {name!r} in {str(path)!r}"
    return NamedAddress(url=url, named_by=named_by) if url else None
