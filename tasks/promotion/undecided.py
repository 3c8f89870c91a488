"""Find a challenger about which nobody has decided yet."""

from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.settings import Settings
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind
from espalier.tasks.policies import retried_task

_SETTLED = (DecisionKind.KEPT, DecisionKind.DECLINED, DecisionKind.PROMOTED)


@retried_task(
    name="find undecided",
    description="Find a challenger that was not compared, or whose question nobody answered.",
    tags=["espalier", "registry"],
)
def undecided_challenger(name: str, settings: Settings) -> int | None:
    """Return the challenger's version if nothing was decided about it; None otherwise.

    A run that was killed before it compared, or while it asked, leaves such a challenger. So does a
    question that nobody answered. A comparison with the policy ``never`` decides nothing.
    """
    keeper = AliasKeeper(settings, name)
    aliases = keeper.read()
    if aliases.challenger is None or aliases.challenger == aliases.champion:
        return None
    about = [
        each
        for each in keeper.log.read(name)
        if each.version == aliases.challenger and each.champion_before == aliases.champion
    ]
    return None if about and _is_settled(about[-1]) else aliases.challenger


def _is_settled(decision: Decision) -> bool:
    return decision.kind in _SETTLED and decision.policy.get("mode") != "never"
