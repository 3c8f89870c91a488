"""Whose a deployment is: several `espalier serve` may publish their flows on one Prefect server.

Each deployment has a tag with its owner. A `serve` runs and changes only what is its own, so a
colleague's, on another machine with other data, goes on beside it.
"""

import hashlib
from dataclasses import dataclass

from espalier.infra.runs.seals import seal_key
from espalier.infra.settings import Settings

_PREFIX = "owner:"


@dataclass(frozen=True, slots=True)
class Owner:
    """An `espalier serve`, across its restarts.

    Attributes
    ----------
    key : str
        Identifies it on a Prefect server.
    """

    key: str

    @property
    def tag(self) -> str:
        """The tag of its deployments, and of their runs."""
        return f"{_PREFIX}{self.key}"


def owner_of(settings: Settings) -> Owner:
    """Return the owner of what is published with these settings.

    It is the setting ``serve_name``, or else a digest of a secret of the home folder: a machine
    that is renamed, and a container that is made again on the same volume, stay the same owner.
    """
    if settings.serve_name:
        return Owner(settings.serve_name)
    return Owner(hashlib.sha256(b"owner of deployments" + seal_key(settings.home)).hexdigest()[:8])


def owner_tag(tags: list[str]) -> str | None:
    """Return the tag among ``tags`` that names an owner; None without one."""
    return next((each for each in tags if each.startswith(_PREFIX)), None)
