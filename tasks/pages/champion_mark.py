"""The champion that a new version stands beside, as the registry has it on record."""

import logging
import math
from dataclasses import dataclass

from espalier.infra.registry.registry import RegisteredVersion, describe_versions
from espalier.infra.settings import Settings

_LOG = logging.getLogger(__name__)

CHAMPION = "champion"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChampionMark:
    """The champion that a new version stands beside.

    Attributes
    ----------
    version : int
        Its number.
    score : float
        Its score on its own hold-out.
    interval : (float, float) or None
        The interval of that score, if it is on record.
    same_table : bool
        Whether both were trained on the same table.
    """

    version: int
    score: float
    interval: tuple[float, float] | None
    same_table: bool


def find_champion(version: RegisteredVersion, settings: Settings) -> ChampionMark | None:
    """Return the champion beside ``version``; None if it is itself, or was scored otherwise.

    A registry that does not answer costs the report this line, and nothing else.
    """
    if CHAMPION in version.aliases or version.alias == CHAMPION:
        return None
    try:
        known = describe_versions(version.name, settings)
    except Exception:
        _LOG.warning("the champion could not be looked up", exc_info=True)
        return None
    mine = next((each for each in known if each.version == version.version), None)
    champion = next((each for each in known if CHAMPION in each.aliases), None)
    if champion is None or mine is None or champion.version == version.version:
        return None
    if champion.tags.get("metric") != mine.tags.get("metric"):
        return None
    score, low, high = (_figure(champion, name) for name in ("score", "low", "high"))
    if score is None:
        return None
    return ChampionMark(
        version=champion.version,
        score=score,
        interval=None if low is None or high is None else (low, high),
        same_table=bool(mine.tags.get("fingerprint"))
        and champion.tags.get("fingerprint") == mine.tags.get("fingerprint"),
    )


def _figure(version: RegisteredVersion, name: str) -> float | None:
    try:
        found = float(version.tags[f"holdout_{name}"])
    except (KeyError, ValueError):
        return None
    return found if math.isfinite(found) else None
