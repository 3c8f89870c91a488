"""A saved ensemble as an MLflow model that carries its own code and exact requirements."""

import json
import logging
import threading
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from espalier.infra.registry.model_upload import new_logged_model
from espalier.infra.registry.packaged_code import packaged_code
from espalier.infra.tracking.tracking import Tracking

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.models import ModelSignature

_LOG = logging.getLogger(__name__)

LOADER = "espalier.pipelines.serving.saved_model"
_EXAMPLE_ROWS = 5


def log_model(
    tracking: Tracking, *, run_id: str, folder: Path, example: "pd.DataFrame"
) -> tuple[str, str]:
    """Log what `save_model` wrote below a run; return the model's id and where its files are.

    The pins come from the folder: left to itself, MLflow starts an interpreter to find out what
    is imported, which takes 80 times longer and names every package of this environment that
    happens to be loaded.
    """
    _remove_remains(tracking, run_id)
    with new_logged_model(tracking, run_id, "ensemble") as new:
        _save(new.place, folder=folder, example=example, run_id=run_id, model_id=new.model_id)
    return new.model_id, new.location


def _remove_remains(tracking: Tracking, run_id: str) -> None:
    """Remove what the run has logged before and was killed too early to register."""
    remains = tracking.client.search_logged_models(
        experiment_ids=[tracking.experiment_id], filter_string=f"source_run_id = '{run_id}'"
    )
    for model in remains:
        tracking.client.delete_logged_model(model.model_id)


def prepare_to_log() -> None:
    """Do ahead of time what the first `log_model` of a process would spend a second or two on.

    MLflow maps every installed module to its distribution before it writes requirements.
    """
    import mlflow.pyfunc  # noqa: F401 - for the sake of the import
    from mlflow.utils.requirements_utils import warn_dependency_requirement_mismatches

    import espalier.pipelines.serving.saved_model  # noqa: F401

    warn_dependency_requirement_mismatches([f"mlflow=={version('mlflow')}"])


@cache
def prepare_to_log_soon() -> None:
    """Prepare once, in the background; what fails, `log_model` meets again and says."""

    def prepare() -> None:
        with suppress(Exception):
            prepare_to_log()

    threading.Thread(target=prepare, name="prepare-mlflow", daemon=True).start()


def saved_folder(place: Path) -> Path | None:
    """Return the folder that `save_model` wrote inside a logged model; None in other models."""
    from mlflow.models import Model

    try:
        flavor = Model.load(str(place)).flavors["python_function"]
    except (KeyError, OSError, ValueError):
        return None
    except Exception as error:  # MlflowException: there is no MLmodel file
        _LOG.debug("no MLflow model in %s: %s", place, error)
        return None
    return place / flavor["data"] if flavor.get("loader_module") == LOADER else None


def _save(
    place: Path, *, folder: Path, example: "pd.DataFrame", run_id: str, model_id: str
) -> None:
    """Write the MLflow model folder."""
    import mlflow.pyfunc
    from mlflow.models import Model

    from espalier.pipelines.data.parsing.column_names import with_unique_names
    from espalier.pipelines.serving.saved_model import (
        MANIFEST_FILE,
        REQUIREMENTS_FILE,
        _load_pyfunc,
    )

    needed = json.loads((folder / MANIFEST_FILE).read_text())["columns"]
    raw = with_unique_names(example.head(_EXAMPLE_ROWS))[needed].reset_index(drop=True)
    rows = _json_ready(raw)
    # MLflow looks columns up by the signature's names, which are text.
    served = _load_pyfunc(str(folder))
    named = all(isinstance(name, str) for name in example.columns) and example.columns.is_unique
    with packaged_code() as code:
        mlflow.pyfunc.save_model(
            str(place),
            mlflow_model=Model(run_id=run_id, model_id=model_id, model_uuid=model_id),
            loader_module=LOADER,
            data_path=str(folder),
            code_paths=[str(code)],
            pip_requirements=[
                f"mlflow=={version('mlflow')}",
                *(folder / REQUIREMENTS_FILE).read_text().split(),
            ],
            signature=_signature(
                rows if named else None,
                served.predict(raw),
                with_intervals=served.model.adjustments.intervals is not None,
            ),
            input_example=rows,
            metadata={
                "espalier": (folder / MANIFEST_FILE).read_text(),
                "columns": {str(name): str(dtype) for name, dtype in raw.dtypes.items()},
            },
        )


def _signature(
    example: "pd.DataFrame | None", answer: "pd.DataFrame", *, with_intervals: bool
) -> "ModelSignature":
    """Return the signature: names are required, types are not enforced.

    MLflow casts no int64 to double and no float64 (an integer column with a new null) to long,
    and takes an all-null text column for a number, so any declared type would refuse rows that
    the model takes. The types the model was trained on are in the model's metadata. Without an
    example, inputs are left out. A model with intervals has the parameter ``interval``, without a
    default, and returns the bounds only when that is given.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import DataType
    from mlflow.types.schema import AnyType, ColSpec, ParamSchema, ParamSpec, Schema

    from espalier.pipelines.serving.saved_model import INTERVAL, LOWER, UPPER

    outputs = [ColSpec(_output_type(answer[name]), str(name)) for name in answer]
    if with_intervals:
        bounds = [ColSpec(DataType.double, name, required=False) for name in (LOWER, UPPER)]
        outputs += bounds
    return ModelSignature(
        inputs=None
        if example is None
        else Schema([ColSpec(AnyType(), str(name)) for name in example.columns]),
        outputs=Schema(outputs),
        params=ParamSchema([ParamSpec(INTERVAL, DataType.double, None)])
        if with_intervals
        else None,
    )


def _output_type(values: "pd.Series[Any]") -> Any:
    from mlflow.types import DataType

    kinds = {"f": DataType.double, "i": DataType.long, "u": DataType.long, "b": DataType.boolean}
    return kinds.get(values.dtype.kind, DataType.string)


def _json_ready(example: "pd.DataFrame") -> "pd.DataFrame":
    """Return the rows with only what MLflow can write as JSON: others become text."""
    import pandas as pd

    columns = {}
    for name in example.columns:
        values = example[name]
        if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_complex_dtype(values):
            values = pd.Series(
                [None if _missing(cell) else _plain(cell) for cell in values], dtype=object
            )
        columns[str(name)] = values.reset_index(drop=True)
    return pd.DataFrame(columns)


def _plain(cell: Any) -> Any:
    return cell if isinstance(cell, bool | int | float | str) else str(cell)


def _missing(cell: Any) -> bool:
    import pandas as pd

    answer = pd.isna(cell)
    return answer if isinstance(answer, bool) else False
