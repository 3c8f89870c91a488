"""The model registry: register an ensemble as a version, find versions and load them."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.store import make_client
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient


CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"

# A registered model with such a name is a lock: see `espalier.infra.registry.registry_lock`.
LOCK_PREFIX = "espalier lock "
# This one does not predict rows either: it is the knowledge fitted by `espalier learn`, see
# `espalier.infra.registry.logged_predictor`.
PREDICTOR_MODEL = "espalier experience"

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
) -> RegisteredVersion:
    """Log a saved ensemble as a pyfunc model and register it as a new version.

    It becomes ``champion`` if the model has none, otherwise ``challenger``. Another call for the
    same run returns the existing version.

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
    """
    from espalier.infra.registry.logged_model import log_model

    with store_errors(tracking.settings.mlflow_registry_uri):
        client = tracking.client
        there = _version_of_run(client, name, run_id)
        if there is None:
            model_id, uri = log_model(tracking, run_id=run_id, folder=folder, example=example)
            make_registered_model(client, name)
            there = client.create_model_version(
                name,
                source=uri,
                run_id=run_id,
                tags={key: str(value)[:5000] for key, value in (tags or {}).items()},
                description=description,
                model_id=model_id,
            )
        if not _aliases(client, name, there.version):
            alias = CHALLENGER if CHAMPION in _all_aliases(client, name) else CHAMPION
            client.set_registered_model_alias(name, alias, there.version)
        return _described(client, client.get_model_version(name, there.version), None)


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
        if name not in (names := _model_names(client)):
            raise UserError(f"no model is called {name!r}; {_known(names, near=name)}")
        aliases = _all_aliases(client, name)
        versions = _versions(client, name)
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
        return _described(client, found, alias)


def list_models(settings: Settings) -> tuple[RegisteredVersion, ...]:
    """Return all versions of all models, sorted by name, the newest version first."""
    with store_errors(settings.mlflow_registry_uri):
        client = make_client(settings)
        return tuple(
            _described(client, version, None)
            for name in sorted(_model_names(client))
            for version in sorted(_versions(client, name), key=lambda each: -int(each.version))
        )


def versions_of(name: str, settings: Settings) -> tuple[RegisteredVersion, ...]:
    """Return all versions of a model, the newest first.

    Raises
    ------
    UserError
        There is no such model, or it has no versions.
    """
    resolve(name, settings)
    with store_errors(settings.mlflow_registry_uri):
        client = make_client(settings)
        found = sorted(_versions(client, name), key=lambda each: -int(each.version))
        return tuple(_described(client, version, None) for version in found)


def version_numbers(client: "MlflowClient", name: str) -> frozenset[int]:
    """Return the version numbers of a model."""
    return frozenset(int(each.version) for each in _versions(client, name))


# --- what MLflow says, page by page -------------------------------------------------------------


def make_registered_model(client: "MlflowClient", name: str) -> None:
    """Create a registered model, unless it exists."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _model_names(client: "MlflowClient") -> list[str]:
    names: list[str] = []
    token = None
    while True:
        page = client.search_registered_models(max_results=500, page_token=token)
        names.extend(model.name for model in page if not _is_reserved(model.name))
        token = page.token
        if not token:
            return names


def _is_reserved(name: str) -> bool:
    return name.startswith(LOCK_PREFIX) or name == PREDICTOR_MODEL


def _versions(client: "MlflowClient", name: str) -> list[Any]:
    # MLflow's filters have no escapes, but two kinds of quotes. A name with both is searched by
    # hand.
    quote = next((each for each in "'\"" if each not in name), None)
    filter_ = None if quote is None else f"name={quote}{name}{quote}"
    found: list[Any] = []
    token = None
    while True:
        page = client.search_model_versions(filter_, max_results=500, page_token=token)
        found.extend(version for version in page if version.name == name)
        token = page.token
        if not token:
            return found


def _version_of_run(client: "MlflowClient", name: str, run_id: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    return next((each for each in _versions(client, name) if each.run_id == run_id), None)


def _all_aliases(client: "MlflowClient", name: str) -> dict[str, str]:
    return {
        alias: str(version) for alias, version in client.get_registered_model(name).aliases.items()
    }


def _aliases(client: "MlflowClient", name: str, version: Any) -> tuple[str, ...]:
    found = [alias for alias, at in _all_aliases(client, name).items() if at == str(version)]
    return tuple(sorted(found))


def _described(client: "MlflowClient", version: Any, alias: str | None) -> RegisteredVersion:
    aliases = _aliases(client, version.name, version.version)
    return RegisteredVersion(
        name=version.name,
        version=int(version.version),
        alias=alias or (aliases[0] if aliases else None),
        run_id=version.run_id or None,
        uri=f"models:/{version.name}/{version.version}",
        aliases=aliases,
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
