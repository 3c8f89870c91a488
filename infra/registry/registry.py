"""The model registry: register an ensemble as a version, find versions and load them."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from espalier.infra.registry.registry_lock import LOCK_PREFIX, RegistryLock
from espalier.infra.registry.registry_pages import (
    aliases_of,
    known_aliases,
    make_registered_model,
    model_versions,
    registered_models,
    search_versions,
    version_of_run,
)
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.logged_dataset import ModelMetrics
from espalier.infra.tracking.store import make_client
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient


CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"

# This one does not predict rows: it is the knowledge fitted by `espalier learn`, see
# `espalier.infra.registry.logged_predictor`.
PREDICTOR_MODEL = "espalier experience"

# Runs that one filter names.
_RUNS_A_CALL = 100

_SPEC = re.compile(r"(?P<name>[^@/:]+)(?:@(?P<alias>[^@/]+)|/(?P<version>[^@/]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredVersion:
    """One version of a registered model.

    Attributes
    ----------
    name : str
        Name of the registered model.
    version : int
        Version number, counted from 1.
    alias : str or None
        The alias that was asked for, otherwise its first: ``champion``, ``challenger``...
    run_id : str or None
        MLflow run of the training that made it.
    uri : str
        MLflow's URI of the version: ``models:/NAME/VERSION``.
    aliases : tuple of str
        All its aliases.
    tags : mapping of str to str
        Tags set at registration.
    created_ms : int
        Time of creation, in milliseconds since 1970.
    """

    name: str
    version: int
    alias: str | None
    run_id: str | None
    uri: str
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    created_ms: int = 0


def register_version(
    tracking: Tracking,
    *,
    name: str,
    run_id: str,
    folder: Path,
    example: "pd.DataFrame",
    tags: Mapping[str, Any] | None = None,
    description: str = "",
    metrics: ModelMetrics | None = None,
) -> RegisteredVersion:
    """Log a saved ensemble as a pyfunc model and register it as a new version.

    It becomes ``champion`` if the model has none, otherwise ``challenger``, unless a newer version
    is challenger by then. Another call for the same run returns the existing version.

    Parameters
    ----------
    tracking : Tracking
        The store; its settings name the registry.
    name : str
        Name of the registered model, which is created if it is new.
    run_id : str
        MLflow run of the training.
    folder : Path
        Folder that `espalier.pipelines.serving.saved_model.save_model` wrote.
    example : DataFrame
        A few raw rows with at least the model's columns, in any order.
    tags : mapping, optional
        Tags of the version, such as its score.
    description : str
        Description of the version, in Markdown.
    metrics : ModelMetrics or None
        What was measured of the model; it is logged to the run and to the logged model.
    """
    from espalier.infra.registry.logged_model import log_model

    with store_errors(tracking.settings.mlflow_registry_uri):
        client = tracking.client
        there = version_of_run(client, name, run_id)
        if there is None:
            model_id, uri = log_model(tracking, run_id=run_id, folder=folder, example=example)
            if metrics is not None:
                tracking.log_model_metrics(run_id, model_id, metrics)
            make_registered_model(client, name)
            there = client.create_model_version(
                name,
                source=uri,
                run_id=run_id,
                tags={key: str(value)[:5000] for key, value in (tags or {}).items()},
                description=description,
                model_id=model_id,
            )
        _give_alias(client, name, int(there.version))
        return _described(
            aliases_of(client, name), client.get_model_version(name, there.version), None
        )


def _give_alias(client: "MlflowClient", name: str, version: int) -> None:
    """Make a new version champion or challenger; leave a version alone that has an alias.

    The lock is the one under which promotions move aliases: of two versions that are registered
    at the same time one becomes champion, and the newer one stays challenger.
    """
    if str(version) in aliases_of(client, name).values():
        return
    with RegistryLock(client, name) as lock:
        aliases = aliases_of(client, name)
        newest = int(aliases.get(CHALLENGER, 0))
        if str(version) in aliases.values() or (CHAMPION in aliases and newest > version):
            return
        lock.check()
        alias = CHALLENGER if CHAMPION in aliases else CHAMPION
        client.set_registered_model_alias(name, alias, str(version))


def resolve(spec: str, settings: Settings) -> RegisteredVersion:
    """Return the version that ``NAME``, ``NAME@alias`` or ``NAME/VERSION`` refers to.

    ``NAME`` alone refers to its champion, or to its newest version if there is no champion.

    Raises
    ------
    UserError
        There is no such model, alias or version; the message names the existing ones.
    """
    parts = _SPEC.fullmatch(spec.strip())
    if parts is None:
        raise UserError(f"{spec!r} names no model; write NAME, NAME@alias or NAME/VERSION")
    name, alias, version = parts["name"], parts["alias"], parts["version"]
    with store_errors(settings.mlflow_registry_uri):
        client = make_client(settings)
        aliases = None if _is_reserved(name) else known_aliases(client, name)
        if aliases is None:
            names = sorted(_models(client))
            raise UserError(f"no model is called {name!r}; {_known(names, near=name)}")
        versions = model_versions(client, name)
        if alias is not None and alias not in aliases:
            shown = [f"{name}@{each}" for each in sorted(aliases)]
            raise UserError(f"model {name!r} has no alias {alias!r}; {_known(shown)}")
        numbers = {int(each.version) for each in versions}
        if version is not None and not (version.isdecimal() and int(version) in numbers):
            shown = [f"{name}/{each}" for each in sorted(numbers)]
            raise UserError(f"model {name!r} has no version {version!r}; {_known(shown)}")
        if not versions:
            raise UserError(f"model {name!r} has no version; train one with --name {name}")
        if version is None and alias is None and CHAMPION in aliases:
            alias = CHAMPION
        wanted = int(version) if version else int(aliases[alias]) if alias else max(numbers)
        found = next(each for each in versions if int(each.version) == wanted)
        return _described(aliases, found, alias)


def list_models(settings: Settings) -> tuple[RegisteredVersion, ...]:
    """Return all versions of all models, sorted by name, the newest version first.

    The registry is asked for a page of models and a page of versions, however many there are of
    either (up to a thousand models, ten thousand versions a page).
    """
    with store_errors(settings.mlflow_registry_uri):
        client = make_client(settings)
        aliases = _models(client)
        found = [each for each in search_versions(client, None) if each.name in aliases]
        found.sort(key=lambda each: (each.name, -int(each.version)))
        return tuple(_described(aliases[each.name], each, None) for each in found)


def list_champions(settings: Settings) -> tuple[RegisteredVersion, ...]:
    """Return the champion of every model that has one, sorted by name."""
    return tuple(each for each in list_models(settings) if CHAMPION in each.aliases)


def versions_of_runs(run_ids: Sequence[str], settings: Settings) -> tuple[RegisteredVersion, ...]:
    """Return the versions that these MLflow runs made.

    The number of calls depends on the runs that are asked for, not on the size of the registry.
    """
    with store_errors(settings.mlflow_registry_uri):
        client = make_client(settings)
        found: list[Any] = []
        for start in range(0, len(run_ids), _RUNS_A_CALL):
            listed = ", ".join(f"'{each}'" for each in run_ids[start : start + _RUNS_A_CALL])
            found += search_versions(client, f"run_id IN ({listed})")
        aliases = {name: aliases_of(client, name) for name in {each.name for each in found}}
        return tuple(_described(aliases[each.name], each, None) for each in found)


def versions_of(name: str, settings: Settings) -> tuple[RegisteredVersion, ...]:
    """Return all versions of a model, the newest first.

    Raises
    ------
    UserError
        There is no such model, or it has no versions.
    """
    resolve(name, settings)
    return describe_versions(name, settings)


def describe_versions(name: str, settings: Settings) -> tuple[RegisteredVersion, ...]:
    """Return all versions of a model, the newest first; none if there is no such model."""
    with store_errors(settings.mlflow_registry_uri):
        client = make_client(settings)
        aliases = known_aliases(client, name) or {}
        found = sorted(model_versions(client, name), key=lambda each: -int(each.version))
        return tuple(_described(aliases, version, None) for version in found)


def version_numbers(client: "MlflowClient", name: str) -> frozenset[int]:
    """Return the version numbers of a model."""
    return frozenset(int(each.version) for each in model_versions(client, name))


def _models(client: "MlflowClient") -> dict[str, dict[str, str]]:
    """Return the aliases of every model that predicts rows, by its name."""
    found = registered_models(client)
    return {name: aliases for name, aliases in found.items() if not _is_reserved(name)}


def _is_reserved(name: str) -> bool:
    return name.startswith(LOCK_PREFIX) or name == PREDICTOR_MODEL


def _described(aliases: Mapping[str, str], version: Any, alias: str | None) -> RegisteredVersion:
    own = tuple(sorted(name for name, at in aliases.items() if at == str(version.version)))
    return RegisteredVersion(
        name=version.name,
        version=int(version.version),
        alias=alias or (own[0] if own else None),
        run_id=version.run_id or None,
        uri=f"models:/{version.name}/{version.version}",
        aliases=own,
        tags=dict(version.tags),
        created_ms=int(version.creation_timestamp or 0),
    )


def _known(names: list[str], near: str | None = None) -> str:
    """Return a text that lists the existing names, the most similar first."""
    if not names:
        return "there is none yet; train one with `espalier train`"
    close = difflib.get_close_matches(near, names, n=3) if near else []
    rest = [name for name in sorted(names) if name not in close]
    shown = (close + rest)[:10]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"there is {', '.join(shown)}{more}"
