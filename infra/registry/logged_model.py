"""Log a saved ensemble or forecast as an MLflow model, with its code and exact requirements."""

import json
import logging
import threading
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from espalier.infra.registry.model_upload import new_logged_model
from espalier.infra.registry.packaged_code import packaged_code
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.problem import FORECAST
from espalier.pipelines.serving.saved_model import (
    INTERVAL,
    LOWER,
    MANIFEST_FILE,
    REQUIREMENTS_FILE,
    UPPER,
)

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

_LOG = logging.getLogger(__name__)

LOADER = "espalier.pipelines.serving.saved_model"
FORECAST_LOADER = "espalier.pipelines.serving.saved_forecast"
# What models name that were logged before everything was imported as `espalier`.
LOADER_BEFORE = "pipelines.ensemble.serving"
_EXAMPLE_ROWS = 5


def log_model(
    tracking: Tracking, *, run_id: str, folder: Path, example: pd.DataFrame
) -> tuple[str, str]:
    """Log a model that `save_model` wrote; return the logged model's id and its location.

    The pinned requirements come from the folder. Otherwise MLflow would start an interpreter to see
    what is imported, which takes 80 times longer and lists every package that happens to be loaded.
    """
    _remove_remains(tracking, run_id)
    with new_logged_model(tracking, run_id, "ensemble") as new:
        _save(new.place, folder=folder, example=example, run_id=run_id, model_id=new.model_id)
    return new.model_id, new.location


def _remove_remains(tracking: Tracking, run_id: str) -> None:
    """Delete models that the run logged earlier but was killed before registering."""
    remains = tracking.client.search_logged_models(
        experiment_ids=[tracking.experiment_id], filter_string=f"source_run_id = '{run_id}'"
    )
    for model in remains:
        tracking.client.delete_logged_model(model.model_id)


def prepare_to_log() -> None:
    """Do the slow first steps of `log_model` ahead of time; they take a second or two.

    MLflow maps every installed module to its package before it writes requirements.
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


@dataclass(frozen=True, slots=True)
class SavedModel:
    """What a logged model of ours says about itself.

    Attributes
    ----------
    folder : Path
        What `save_model` wrote.
    loader : str
        The module that opens it; it is in the code beside the model.
    """

    folder: Path
    loader: str

    @property
    def is_forecast(self) -> bool:
        """Whether it forecasts series; otherwise it predicts rows of a table."""
        return self.loader == FORECAST_LOADER

    @property
    def is_outdated(self) -> bool:
        """Whether only the code beside it can open it, not this one."""
        return self.loader == LOADER_BEFORE


def find_saved(place: Path) -> SavedModel | None:
    """Return what `save_model` wrote inside a logged model; None in other models."""
    try:
        flavor = python_flavor(place)
    except (KeyError, OSError, ValueError, TypeError) as error:
        _LOG.debug("no MLflow model in %s: %s", place, error)
        return None
    loader = flavor.get("loader_module")
    if loader not in (LOADER, FORECAST_LOADER, LOADER_BEFORE):
        return None
    return SavedModel(folder=place / flavor["data"], loader=loader)


def python_flavor(place: Path) -> dict[str, Any]:
    """Return what the logged model in this folder says of how Python opens it.

    MLflow's own reader takes the path for a URL and would look for ``Q1 a`` instead of ``Q1%20a``.

    Raises
    ------
    KeyError, OSError, ValueError, TypeError
        There is no such model.
    """
    try:
        record = yaml.safe_load((place / "MLmodel").read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    return dict(record["flavors"]["python_function"])


def _save(place: Path, *, folder: Path, example: pd.DataFrame, run_id: str, model_id: str) -> None:
    """Write the MLflow model folder."""
    import mlflow.pyfunc
    from mlflow.models import Model

    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    loader = FORECAST_LOADER if manifest["task"] == FORECAST else LOADER
    # A forecast continues all of its example's rows; of a table's rows a few tell enough.
    shown = example if loader == FORECAST_LOADER else example.head(_EXAMPLE_ROWS)
    needed = manifest["columns"]
    raw = with_unique_names(shown)[needed].reset_index(drop=True)
    rows = _json_ready(raw)
    # MLflow looks up columns by the signature's names, which are text.
    served = import_module(loader)._load_pyfunc(str(folder))
    has_intervals = loader == LOADER and served.model.adjustments.intervals is not None
    named = all(isinstance(name, str) for name in example.columns) and example.columns.is_unique
    with packaged_code(manifest.get("weights", ())) as code:
        mlflow.pyfunc.save_model(
            str(place),
            mlflow_model=Model(run_id=run_id, model_id=model_id, model_uuid=model_id),
            loader_module=loader,
            data_path=str(folder),
            code_paths=[str(code)],
            pip_requirements=[
                f"mlflow=={version('mlflow')}",
                *(folder / REQUIREMENTS_FILE).read_text().split(),
            ],
            signature=_signature(
                rows if named and not manifest.get("wide") else None,
                served.predict(raw),
                with_intervals=has_intervals,
                optional=manifest.get("optional_columns", ()),
            ),
            input_example=rows,
            metadata={
                "espalier": (folder / MANIFEST_FILE).read_text(),
                "columns": {str(name): str(dtype) for name, dtype in raw.dtypes.items()},
            },
        )


def _signature(
    example: pd.DataFrame | None,
    answer: pd.DataFrame,
    *,
    with_intervals: bool,
    optional: Collection[str] = (),
) -> "ModelSignature":
    """Return the MLflow signature: column names are required, types are not enforced.

    Columns in ``optional`` may be left out: rows of the future have no target.

    MLflow does not cast int64 to double or float64 (an integer column with a new null) to long, and
    treats an all-null text column as numeric, so declared types would refuse rows that the model
    accepts. The types of the training table are in the model's metadata. Without an example, as of
    a wide table, whose columns are series, inputs are left out. A model with intervals has the
    parameter ``interval`` without a default, and returns the bounds only if it is given.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import DataType
    from mlflow.types.schema import AnyType, ColSpec, ParamSchema, ParamSpec, Schema

    outputs = [ColSpec(_output_type(answer[name]), str(name)) for name in answer]
    if with_intervals:
        bounds = [ColSpec(DataType.double, name, required=False) for name in (LOWER, UPPER)]
        outputs += bounds
    return ModelSignature(
        inputs=None
        if example is None
        else Schema(
            [
                ColSpec(AnyType(), str(name), required=name not in optional)
                for name in example.columns
            ]
        ),
        outputs=Schema(outputs),
        params=ParamSchema([ParamSpec(INTERVAL, DataType.double, None)])
        if with_intervals
        else None,
    )


def _output_type(values: "pd.Series[Any]") -> Any:
    from mlflow.types import DataType

    kinds = {
        "f": DataType.double,
        "i": DataType.long,
        "u": DataType.long,
        "b": DataType.boolean,
        "M": DataType.datetime,
    }
    return kinds.get(values.dtype.kind, DataType.string)


def _json_ready(example: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with all values that MLflow cannot write as JSON converted to text."""
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
    answer = pd.isna(cell)
    return answer if isinstance(answer, bool) else False
