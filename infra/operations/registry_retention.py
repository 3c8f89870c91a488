"""Choose the versions and MLflow runs that are no longer needed.

A version is kept if it has an alias (it serves, served before or challenges), is among the newest
of its model, is one of its earlier champions, is what a kept version was compared with, is
concerned by a decision that is under way, or shares its run with a kept version. With a version
its run goes, the run's trials and rows, and the logged model
(`espalier.infra.operations.registry_removal`).

A run without a version (a failed training, a retraining that found nothing new, a monitoring) goes
by its age. The decision log stays: it is the record of what served, and small.

Nothing of this asks more of the registry than the models concerned are large.
"""

import re
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.registry.registry import (
    PREDICTOR_MODEL,
    RegisteredVersion,
    describe_versions,
    list_models,
    versions_of_runs,
)
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.search import find_runs, quoted
from espalier.infra.tracking.store import find_experiments, make_client
from espalier.pipelines.lifecycle.promotion.decision import Decision, champions_before

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_DAY_MS = 86_400_000
_COMPARED = re.compile(r"(?P<name>.+)/(?P<version>\d+)")
# What MLflow says of a run or version that is no longer there.
GONE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRules:
    """What is kept in MLflow; 0 keeps everything.

    Attributes
    ----------
    versions : int
        Newest versions of each model.
    champions : int
        Earlier champions of each model that a rollback could restore.
    days : float
        Age in days up to which runs without a version are kept.
    """

    versions: int = 0
    champions: int = 0
    days: float = 0.0

    @classmethod
    def of(cls, settings: Settings) -> "KeepRules":
        """Return the rules of the settings."""
        return cls(
            versions=settings.keep_versions,
            champions=settings.keep_champions,
            days=settings.keep_days,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Superfluous:
    """What MLflow no longer needs to hold, or what was removed from it.

    Attributes
    ----------
    versions : tuple of RegisteredVersion
        Versions, whose runs go with them.
    runs : tuple of (id, name)
        Runs without a version.
    n_trials : int
        Nested runs that were removed with their runs; 0 before the removal.
    advice : str
        How the disk is freed, if that is left to somebody; empty otherwise.
    """

    versions: tuple[RegisteredVersion, ...] = ()
    runs: tuple[tuple[str, str], ...] = ()
    n_trials: int = 0
    advice: str = ""


def find_superfluous(
    settings: Settings, rules: KeepRules, *, model: str | None = None
) -> Superfluous:
    """Return what may go by these rules.

    Parameters
    ----------
    settings : Settings
        Name the stores.
    rules : KeepRules
        What is kept.
    model : str or None
        The only model to look at; None for all.

    Raises
    ------
    StoreUnavailableError
        A store does not answer.
    """
    versions = tuple(_versions_to_go(settings, rules, model)) if rules.versions else ()
    return Superfluous(
        versions=versions,
        runs=tuple(_runs_to_go(settings, rules, model)) if rules.days else (),
    )


def superfluous_versions(
    versions: Sequence[RegisteredVersion],
    decisions: Sequence[Decision],
    rules: KeepRules,
    *,
    under_way: Collection[int] = (),
) -> tuple[RegisteredVersion, ...]:
    """Return the versions of one model that may go, the oldest first.

    Parameters
    ----------
    versions : sequence of RegisteredVersion
        All its versions.
    decisions : sequence of Decision
        Its decision log, in order.
    rules : KeepRules
        What is kept; at least one version and one earlier champion.
    under_way : collection of int
        Versions that a decision under way is about.
    """
    numbers = sorted(each.version for each in versions)
    kept = {each.version for each in versions if each.aliases} | set(under_way)
    kept |= set(numbers[-max(1, rules.versions) :])
    if rules.champions:
        # The first champion is known by the log, which begins with who it was.
        before = [each.champion_before for each in decisions if each.champion_before is not None]
        pile = champions_before(decisions, before[0] if before else None, numbers)
        kept |= set(pile[-rules.champions :])
    else:
        kept |= {1} | {  # the first version serves without a decision
            version
            for each in decisions
            for version in (each.champion_before, each.champion_after)
            if version is not None
        }
    compared = [_compared_with(each) for each in versions if each.version in kept]
    kept |= {number for number in compared if number is not None}
    return tuple(
        sorted(
            (each for each in versions if each.version not in kept), key=lambda each: each.version
        )
    )


def _versions_to_go(
    settings: Settings, rules: KeepRules, model: str | None
) -> Iterator[RegisteredVersion]:
    if model is None:
        every = (*list_models(settings), *describe_versions(PREDICTOR_MODEL, settings))
    else:
        every = describe_versions(model, settings)
    names = dict.fromkeys(each.name for each in every)
    client = make_client(settings)
    for name in names:
        own = [each for each in every if each.name == name]
        if len(own) <= max(1, rules.versions):
            continue
        keeper = AliasKeeper(settings, name)
        begun = keeper.log.unfinished(name)
        under_way = {each.version for each in begun} | {each.champion_before for each in begun}
        busy = {version for version in under_way if version is not None}
        found = superfluous_versions(own, keeper.log.read(name), rules, under_way=busy)
        runs = {each.run_id for each in found if each.run_id is not None}
        sharing = {
            each.run_id
            for each in versions_of_runs(sorted(runs), settings)
            if each not in found  # such as a copy of it under another name
        }
        for each in found:
            if each.run_id not in sharing and not _is_running(client, each.run_id):
                yield each


def _runs_to_go(
    settings: Settings, rules: KeepRules, model: str | None
) -> Iterator[tuple[str, str]]:
    """Yield id and name of the runs that are old and have no version."""
    client = make_client(settings)
    before = int(time.time() * 1000 - rules.days * _DAY_MS)
    named = "!= ''" if model is None else f"= {quoted(model)}"
    conditions = [f"tags.`{run_tags.MODEL}` {named}"]
    if model is None:
        conditions.append(f"tags.`{run_tags.KIND}` != ''")
    elif quoted(model) is None:
        return  # MLflow's filters have no word for it; `clean` for all models finds its runs
    with store_errors(settings.mlflow_uri):
        homes = find_experiments(client, settings)
        old = f"attributes.start_time < {before} and attributes.status != 'RUNNING'"
        runs = {
            run.info.run_id: run
            for each in conditions
            for run in find_runs(client, homes, f"{old} and {each}")
        }
    made = {each.run_id for each in versions_of_runs(sorted(runs), settings)}
    for run_id, run in runs.items():
        if run_id not in made and not _can_be_continued(run):
            yield run_id, str(run.info.run_name)


def _can_be_continued(run: "Run") -> bool:
    """Whether the run was interrupted and its folder is still there."""
    folder = run.data.tags.get(run_tags.FOLDER)
    return folder is not None and Path(folder).is_dir() and RunStore(Path(folder)).finished is None


def _is_running(client: "MlflowClient", run_id: str | None) -> bool:
    from mlflow.exceptions import MlflowException

    if run_id is None:
        return False
    try:
        return str(client.get_run(run_id).info.status) == "RUNNING"
    except MlflowException as error:
        if error.error_code not in GONE:
            raise
        return False


def _compared_with(version: RegisteredVersion) -> int | None:
    """Return the version of the same model whose hold-out this one was compared on."""
    found = _COMPARED.fullmatch(version.tags.get("compared_with", ""))
    return int(found["version"]) if found is not None and found["name"] == version.name else None
