"""Find champion and challenger, and record alias changes made outside Espalier."""

from dataclasses import dataclass

from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.registry.model_files import require_openable
from espalier.infra.registry.registry import RegisteredVersion, versions_of
from espalier.infra.settings import Settings
from espalier.pipelines.lifecycle.promotion.decision import Decision
from espalier.tasks.policies import retried_task


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionCandidates:
    """The versions that a promotion decision is about.

    Attributes
    ----------
    champion, challenger : RegisteredVersion or None
        None if the alias is not set. The challenger is also None if it is the champion.
    previous : int or None
        Number of the version that a rollback would restore.
    noticed : Decision or None
        Record of alias changes made outside Espalier since the last decision; None for none.
    """

    champion: RegisteredVersion | None
    challenger: RegisteredVersion | None
    previous: int | None
    noticed: Decision | None


@retried_task(
    name="find candidates",
    description="Find champion and challenger; record alias changes made outside Espalier.",
    tags=["espalier", "registry"],
)
def find_candidates(name: str, settings: Settings) -> PromotionCandidates:
    """Return the versions with the aliases of a model; record changes made outside Espalier.

    Raises
    ------
    UserError
        There is no such model, or its challenger (without one, its champion) was saved by a
        version of Espalier too old to be loaded.
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
