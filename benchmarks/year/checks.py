"""What must hold at the end of a simulated year, read from the stores."""

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

from hosts import Host

_END = (
    "from espalier.infra.settings import load_settings\n"
    "from espalier.infra.operations.dead_runs import end_dead_runs\n"
    "print(end_dead_runs(load_settings()))\n"
)


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What was found at the end.

    Attributes
    ----------
    versions : int
        Versions in the registry.
    promotions, decisions : int
        How often a champion was made, and decisions in the log.
    mlflow_runs, flow_runs : int
        Runs in MLflow and in Prefect.
    broken : tuple of str
        Promises that do not hold, in words.
    """

    versions: int
    promotions: int
    decisions: int
    mlflow_runs: int
    flow_runs: int
    broken: tuple[str, ...]


def end_what_died(host: Host) -> None:
    """End the runs of a machine's killed commands, as its `espalier serve` does every minute."""
    subprocess.run([sys.executable, "-c", _END], env=host.environment, check=True, timeout=300)


def audit(trained: dict[str, set[int]]) -> Audit:
    """Look at everything once more; the environment names the stores.

    Parameters
    ----------
    trained : dict of str to set of int
        Versions that commands reported, by model.
    """
    from espalier.infra.registry.aliases import AliasKeeper
    from espalier.infra.registry.registry import list_models
    from espalier.infra.settings import load_settings
    from espalier.infra.tracking.search import find_runs
    from espalier.infra.tracking.store import make_client
    from espalier.pipelines.lifecycle.promotion.decision import DecisionKind

    settings = load_settings()
    client = make_client(settings)
    broken: list[str] = []
    versions = list_models(settings)
    made = Counter(each.run_id for each in versions)
    broken += [f"run {run} made {n} versions" for run, n in made.items() if n > 1]

    experiments = [each.experiment_id for each in client.search_experiments()]
    runs = list(find_runs(client, experiments, ""))
    left = [run.info.run_name for run in runs if run.info.status == "RUNNING"]
    broken += [f"the MLflow run {name!r} is left running" for name in left]

    promotions = n_decisions = 0
    for name in sorted(trained):
        keeper = AliasKeeper(settings, name)
        decisions, aliases = keeper.log.read(name), keeper.read()
        n_decisions += len(decisions)
        numbers = [each.sequence for each in decisions]
        if numbers != list(range(1, len(numbers) + 1)):
            broken.append(f"the decisions about {name} are numbered {numbers}")
        if keeper.log.unfinished(name):
            broken.append(f"a decision about {name} is unfinished")
        if decisions and decisions[-1].champion_after != aliases.champion:
            broken.append(f"the champion of {name} is not that of the last decision")
        if aliases.champion is None:
            broken.append(f"{name} has no champion")
        for each in decisions:
            if each.kind is DecisionKind.BY_HAND:
                broken.append(f"{name}: {each.reasons}")
            if each.kind is not DecisionKind.PROMOTED:
                continue
            promotions += 1
            low, margin = each.numbers.get("low"), float(each.policy.get("margin", 0.0))
            if low is None or not low > margin:
                broken.append(f"{name}/{each.version} was promoted with a bound of {low}")
        there = {each.version for each in versions if each.name == name}
        # Old versions go by the settings; the newest may not be lost, nor any number used twice.
        newest = max(trained[name])
        if newest not in there:
            broken.append(f"{name}/{newest} is lost")
        if max(there) > newest:
            broken.append(f"{name}/{max(there)} was registered, and no training reported it")
    flow_runs, going = _flow_runs()
    broken += [f"the flow run {name!r} is left {state}" for name, state in going]
    return Audit(
        versions=len(versions),
        promotions=promotions,
        decisions=n_decisions,
        mlflow_runs=len(runs),
        flow_runs=flow_runs,
        broken=tuple(broken),
    )


def _flow_runs() -> tuple[int, list[tuple[str, str]]]:
    """Return the number of Prefect's flow runs, and name and state of those not at an end."""
    from prefect.client.orchestration import get_client

    found = []
    with get_client(sync_client=True) as client:
        while page := client.read_flow_runs(limit=200, offset=len(found)):
            found += page
    states = [(each.name, each.state.name if each.state else "unknown", each) for each in found]
    return len(found), [
        (name, state)
        for name, state, each in states
        if each.state is None or not each.state.is_final()
    ]
