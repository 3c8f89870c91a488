"""The training table of a run as an MLflow dataset."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from espalier.pipelines.redaction import redact_source

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput


def dataset_input(
    name: str, source: str, fingerprint: str, columns: Mapping[str, str], n_rows: int
) -> "DatasetInput":
    """Return the table as dataset input of an MLflow run, without passwords of its source."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    schema = {"columns": columns}
    dataset = Dataset(
        name=name[:500],
        digest=fingerprint[:36],
        source_type="espalier",
        source=json.dumps({"uri": redact_source(source)}),
        # MLflow refuses longer schemas; the full schema is an artifact.
        schema=text if len(text := json.dumps(schema)) < 60_000 else None,
        profile=json.dumps({"num_rows": n_rows, "num_columns": len(columns)}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])
