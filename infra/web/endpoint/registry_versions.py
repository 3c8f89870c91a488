"""Ask the registry which versions are to answer, and fetch their files."""

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from espalier.infra.registry.logged_model import LOADER, find_saved, python_flavor
from espalier.infra.registry.model_files import OutdatedModelError, outdated, version_folder
from espalier.infra.registry.registry import CHALLENGER, RegisteredVersion, resolve
from espalier.infra.registry.registry_pages import known_aliases
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.artifacts import fetch_file
from espalier.infra.tracking.reference_table import ROWS_FILE
from espalier.infra.tracking.store import make_client
from espalier.infra.web.answering.opening import ModelSource
from espalier.infra.web.endpoint.options import EndpointOptions
from espalier.infra.web.endpoint.served_model import Placement
from espalier.pipelines.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient

BACKGROUND_ROWS = 64
"""Rows of the training table that answers are explained by."""
_SEED = 0
_NUMBERED = re.compile(r"[^/]+/\d+")


class RegistryVersions:
    """The registry, as an endpoint asks it.

    Parameters
    ----------
    options : EndpointOptions
        How versions are served.
    settings : Settings
        Name the stores.
    """

    def __init__(self, options: EndpointOptions, settings: Settings) -> None:
        self._options = options
        self._settings = settings
        self._client: MlflowClient | None = None

    def resolve(self, spec: str) -> RegisteredVersion:
        """Return the version that a word of the command line stands for now.

        Raises
        ------
        UserError
            There is no such model, alias or version.
        """
        named = "@" in spec or "/" in spec
        return resolve(spec if named else f"{spec}@{self._options.alias}", self._settings)

    def first_placement(self, spec: str) -> tuple[str, Placement]:
        """Return the name of a model, and which of its versions answer at the start.

        Raises
        ------
        UserError
            There is no such model, alias or version.
        """
        found = self.resolve(spec)
        alias = None if _NUMBERED.fullmatch(spec.strip()) else found.alias
        placement = Placement(version=found.version, alias=alias)
        return found.name, self.moved(found.name, placement)

    def moved(self, name: str, now: Placement) -> Placement:
        """Return which versions are to answer, where the aliases are now.

        An alias that is gone changes nothing: the version of before goes on.

        Raises
        ------
        StoreUnavailableError
            The registry does not answer.
        """
        with store_errors(self._settings.mlflow_registry_uri):
            if self._client is None:
                self._client = make_client(self._settings)
            aliases = known_aliases(self._client, name) or {}
        version = now.version
        if now.alias is not None and now.alias in aliases:
            version = int(aliases[now.alias])
        challenger = None
        if self._options.challenger_share and CHALLENGER in aliases:
            challenger = int(aliases[CHALLENGER])
        return Placement(
            version=version,
            alias=now.alias,
            challenger=None if challenger == version else challenger,
        )

    def source(self, name: str, version: int) -> ModelSource:
        """Fetch the files of a version.

        Raises
        ------
        UserError
            They are gone, or no model that can be served.
        """
        found = resolve(f"{name}/{version}", self._settings)
        folder = version_folder(found, self._settings)
        saved = find_saved(folder)
        if saved is not None and saved.is_outdated:
            raise OutdatedModelError(outdated(found))
        by_row = saved if saved is not None and saved.loader == LOADER else None
        if saved is None:
            _require_pyfunc(folder, found)
        return ModelSource(
            name=name,
            version=version,
            folder=str(folder if saved is None else saved.folder),
            is_own=by_row is not None,
            is_forecast=saved is not None and saved.is_forecast,
            background=None if by_row is None else self._background(found),
            most_rows=self._options.most_rows,
            on_difference=self._options.on_difference,
            rules=self._options.log.rules,
        )

    def _background(self, version: RegisteredVersion) -> pd.DataFrame | None:
        """Return a few rows of the training table; None if it kept none."""
        if version.run_id is None:
            return None
        with tempfile.TemporaryDirectory(prefix="espalier-") as scratch:
            path = fetch_file(self._settings, version.run_id, ROWS_FILE, Path(scratch))
            rows = None if path is None else pd.read_parquet(path)
        if rows is None or not len(rows):
            return None
        return rows.sample(min(len(rows), BACKGROUND_ROWS), random_state=_SEED)


def _require_pyfunc(folder: Path, version: RegisteredVersion) -> None:
    try:
        python_flavor(folder)
    except (KeyError, OSError, ValueError, TypeError):
        raise UserError(
            f"model {version.name}/{version.version} has no python_function flavor: "
            "it cannot be served; register one that espalier train made"
        ) from None
