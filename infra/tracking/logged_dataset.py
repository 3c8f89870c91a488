"""The training table of a run as an MLflow dataset."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

# MLflow refuses longer schemas, its SQL stores take 64 KiB; the full schema is an artifact.
_LONGEST_SCHEMA = 60_000
_DIGEST, _NAME = 36, 500

# By the beginning of pandas' name of the dtype; everything else is text.
_TYPES = {
    "int64": "long",
    "uint32": "long",
    "int": "integer",
    "uint8": "integer",
    "uint16": "integer",
    "uint64": "double",
    "float64": "double",
    "float": "float",
    "bool": "boolean",
    "datetime64": "datetime",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMetrics:
    """Measurements of a model on the table of its run.

    Attributes
    ----------
    values : mapping of str to float
        What was measured; what is not finite is not logged.
    table : str
        Name of the table, as it was logged.
    fingerprint : str
        Fingerprint of the table.
    """

    values: Mapping[str, float]
    table: str
    fingerprint: str


def dataset_input(
    name: str,
    source: str,
    fingerprint: str,
    columns: Mapping[str, str],
    n_rows: int,
    *,
    query: str | None = None,
) -> "DatasetInput":
    """Return the table as dataset input of an MLflow run, without passwords of its source."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    from espalier.infra.tables.mlflow_source import stored_source

    stored = stored_source(source, query)
    schema = json.dumps({"mlflow_colspec": _columns(columns)})
    label, digest = dataset_key(name, fingerprint)
    dataset = Dataset(
        name=label,
        digest=digest,
        source_type=stored.type,
        source=stored.text,
        schema=schema if len(schema) < _LONGEST_SCHEMA else None,
        profile=json.dumps({"num_rows": n_rows, "num_elements": n_rows * len(columns)}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def dataset_key(name: str, fingerprint: str) -> tuple[str, str]:
    """Return the name and the digest by which MLflow knows a table."""
    return name[:_NAME], fingerprint[:_DIGEST]


def _columns(dtypes: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the columns as MLflow's ``mlflow_colspec``, which its dataset panel shows."""
    from mlflow.types import DataType
    from mlflow.types.schema import ColSpec, Schema

    specs = [
        ColSpec(DataType[_mlflow_type(dtype)], name, required=False)
        for name, dtype in dtypes.items()
    ]
    return list(Schema(specs).to_dict())


def _mlflow_type(dtype: str) -> str:
    """Return MLflow's type of a column, by pandas' name of its dtype (``Int64`` as ``int64``)."""
    low = dtype.lower()
    known = sorted(_TYPES, key=len, reverse=True)
    return next((_TYPES[each] for each in known if low.startswith(each)), "string")
