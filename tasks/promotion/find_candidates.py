"""Who serves and who wants to, and what was moved by hand since the last decision."""

from dataclasses import dataclass

from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.registry.model_files import require_openable
from espalier.infra.registry.registry import RegisteredVersion, versions_of
from espalier.infra.settings import Settings
from espalier.pipelines.lifecycle.promotion.decision import Decision
from espalier.tasks.policies import retried_task


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionCandidates:
    """The versions that a decision is about.

    Attributes
    ----------
    champion, challenger : RegisteredVersion or None
        None where the alias is not set, or both are on one version.
    previous : int or None
        Who would come back.
    noticed : Decision or None
        What was moved by hand, put on record now.
    """

    champion: RegisteredVersion | None
    challenger: RegisteredVersion | None
    previous: int | None
    noticed: Decision | None


@retried_task(
    name="find candidates",
    description="Find champion and challenger; put on record what was moved by hand.",
    tags=["espalier", "registry"],
)
def find_candidates(name: str, settings: Settings) -> PromotionCandidates:
    """Return the versions that the aliases of a model are on.

    Raises
    ------
    UserError
        There is no such model, or who wants to serve is too old for that; where nobody does,
        whoever serves.
    """
    versions = {each.version: each for each in versions_of(name, settings)}
    keeper = AliasKeeper(settings, name)
    noticed, aliases = keeper.notice(), keeper.read()
    champion = versions.get(aliases.champion or 0)
    challenger = versions.get(aliases.challenger or 0)
    wants_to = challenger or champion
    if wants_to is not None:
        require_openable(wants_to, settings)
    return PromotionCandidates(
        champion=champion,
        challenger=None if challenger == champion else challenger,
        previous=aliases.previous,
        noticed=noticed,
    )
