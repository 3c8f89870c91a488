"""Make the previous champion serve again."""

from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.registry.registry import version_numbers, versions_of
from espalier.infra.settings import Settings
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind
from espalier.pipelines.requests.promote import RollbackRequest


def roll_back(request: RollbackRequest, settings: Settings, *, actor: str) -> Decision:
    """Make the version of the alias ``previous`` champion again; return the entry in the log.

    The version that is rolled back gets no alias, so that it does not return by itself; the
    champion before the restored one becomes ``previous``.

    Raises
    ------
    UserError
        There is no such model, or it has no previous champion.
    AliasesMovedError
        The aliases have changed since they were read; nothing was done.
    """
    versions_of(request.name, settings)
    keeper = AliasKeeper(settings, request.name)
    keeper.notice()
    aliases = keeper.read()
    if aliases.previous is None or aliases.previous == aliases.champion:
        there = ", ".join(
            str(each) for each in sorted(version_numbers(keeper.client, request.name))
        )
        raise UserError(
            f"model {request.name!r} has no previous champion to put back; there is version {there}"
            ": set the alias champion in MLflow's page to serve one of them"
        )
    older = [each for each in keeper.pile() if each not in (aliases.previous, aliases.champion)]
    gone = "nobody" if aliases.champion is None else f"version {aliases.champion}"
    said = f"Version {aliases.previous} is put back in place of {gone}."
    decision = Decision(
        kind=DecisionKind.ROLLED_BACK,
        model=request.name,
        version=aliases.champion,
        champion_before=aliases.champion,
        champion_after=aliases.previous,
        previous_after=older[-1] if older else None,
        actor=actor,
        reasons=(said, request.reason) if request.reason else (said,),
    )
    return keeper.carry_out(decision, " ".join(decision.reasons))
