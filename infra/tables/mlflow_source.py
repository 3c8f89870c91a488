"""The source of a run's dataset, as MLflow stores it and opens it again.

``mlflow.data.get_source(run.inputs.dataset_inputs[0]).load()`` needs a type of source that MLflow
knows. Files, web addresses and buckets have one of MLflow's own. A database, a pattern of files or
a chain has none: these are of our type, which MLflow finds by the entry point
``mlflow.dataset_source`` of this package.

MLflow imports this module itself, so it imports nothing heavy but MLflow at the top.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from mlflow.data.dataset_source import DatasetSource

from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact_source

if TYPE_CHECKING:
    import pandas as pd

TYPE = "espalier"
# MLflow's own types of these schemes take {"uri": ...}; it fetches them with its own libraries.
_BUCKETS = ("s3", "gs", "wasbs", "abfss", "hdfs")
_HIDDEN = ":***@"


class TableSource(DatasetSource):
    """A table that `espalier.infra.tables.sources.read_table` reads.

    Parameters
    ----------
    uri : str
        The source, without the password of its URL. ``${NAME}`` in it is an environment variable
        of whoever loads it.
    query : str or None
        The SELECT statement, if it is a database.
    """

    def __init__(self, uri: str, query: str | None = None) -> None:
        self.uri = uri
        self.query = query

    @staticmethod
    def _get_source_type() -> str:
        return TYPE

    def load(self) -> "pd.DataFrame":
        """Read the table, as a training does.

        Raises
        ------
        UserError
            The table cannot be read, or its password is not known: it is not stored.
        """
        import pandas as pd

        from espalier.infra.tables.globs import expand_sources
        from espalier.infra.tables.sources import read_table

        if _HIDDEN in self.uri:
            raise UserError(
                f"the password of {self.uri!r} is not stored; name it in the data of the training "
                "by a variable, such as ${SHOP_PASSWORD}, which is filled in when it is read"
            )
        parts = [read_table(each, query=self.query) for each in expand_sources(self.uri)]
        return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        del raw_source  # MLflow's own types come first for whatever a user passes to it
        return False

    @classmethod
    def _resolve(cls, raw_source: Any) -> Self:
        raise NotImplementedError(f"{raw_source!r} is of one of MLflow's own types")

    def to_dict(self) -> dict[str, Any]:
        """Return the source as a JSON-ready record."""
        return {"uri": self.uri} | ({} if self.query is None else {"query": self.query})

    @classmethod
    def from_dict(cls, source_dict: Mapping[Any, Any]) -> Self:
        """Return the source of a record."""
        return cls(str(source_dict["uri"]), source_dict.get("query"))


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A source as MLflow stores it.

    Attributes
    ----------
    type : str
        MLflow's name of the type.
    text : str
        The record of the source as JSON.
    """

    type: str
    text: str


def stored_source(source: str, query: str | None = None) -> StoredSource:
    """Return how MLflow stores a data source, without passwords.

    Parameters
    ----------
    source : str
        The source, by a path that means the same from every working folder.
    query : str or None
        The SELECT statement, if it is a database.
    """
    shown = redact_source(source)
    scheme = urlsplit(shown).scheme.lower() if "://" in shown else ""
    plain = query is None and shown == source and "::" not in shown and "${" not in shown
    if plain and scheme in ("", "file") and os.path.isfile(shown.removeprefix("file://")):
        return StoredSource("local", json.dumps({"uri": shown}))
    if plain and scheme in ("http", "https"):
        return StoredSource("http", json.dumps({"url": shown}))
    if plain and scheme in _BUCKETS and "*" not in shown:
        return StoredSource(scheme, json.dumps({"uri": shown}))
    return StoredSource(TYPE, json.dumps(TableSource(shown, query).to_dict()))
