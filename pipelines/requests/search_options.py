"""The options of a training about what is tried, how it is scored, and what is made of it.

Field descriptions are shown in the Prefect UI, so they are written for its reader.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from espalier.pipelines.data.splitting.folds import check_fold_count
from espalier.pipelines.errors import UserError
from espalier.pipelines.members.serving_mode import Serving
from espalier.pipelines.requests.form import (
    NameList,
    OptionalNumber,
    OptionalPortable,
    OptionalText,
)
from espalier.pipelines.requests.form_schema import (
    FAMILIES,
    FORECAST_FAMILIES,
    FORECAST_METRICS,
    METRICS,
    NETWORK_FAMILIES,
)
from espalier.pipelines.requests.model_names import check_versions
from espalier.pipelines.search.strategies.names import STRATEGIES, check_strategy


def _in_range(seed: int) -> int:
    if not 0 <= seed < 2**32:
        raise UserError(f"the seed must be between 0 and 2**32 - 1, not {seed}")
    return seed


def _some_folds(number: int | None) -> int | None:
    return None if number is None else check_fold_count(number)


Task = Annotated[
    Literal["auto", "binary", "multiclass", "regression"],
    Field(title="Task", description="The kind of problem; auto infers it from the target."),
]
Metric = Annotated[
    OptionalText,
    Field(
        title="Metric",
        description="Metric to optimise; empty for roc_auc (binary), log_loss (multiclass), rmse "
        "(regression) or mase (forecasts).",
        json_schema_extra={"enum": [*METRICS, *FORECAST_METRICS]},
    ),
]
ModelFamilies = Annotated[
    NameList,
    Field(
        title="Model families",
        description="Restrict the search to these families; empty for all but ebm.",
        json_schema_extra={
            "items": {
                "type": "string",
                "enum": [*FAMILIES, *NETWORK_FAMILIES, *FORECAST_FAMILIES],
            }
        },
    ),
]
Strategy = Annotated[
    str,
    AfterValidator(check_strategy),
    Field(
        title="Search",
        description="Search strategy that proposes the configurations to try.",
        json_schema_extra={"enum": list(STRATEGIES)},
    ),
]
FoldCount = Annotated[
    int | None,
    AfterValidator(_some_folds),
    Field(
        title="Folds",
        description="Number of folds that score a trial, 1 for a single split; empty to choose it "
        "by the number of rows and the time budget.",
    ),
]
Seed = Annotated[
    int,
    AfterValidator(_in_range),
    Field(title="Seed", description="Random seed of everything random in the training."),
]
StartFrom = Annotated[
    NameList,
    AfterValidator(check_versions),
    Field(
        title="Start from",
        description="Earlier versions (NAME/VERSION) whose best configurations are tried first. "
        "Rows in the hold-out of the first version stay in the hold-out.",
    ),
]
AllowBaseline = Annotated[
    bool,
    Field(
        title="Allow the baseline",
        description="If every trial fails, register the best constant prediction instead of "
        "failing.",
    ),
]
ServingMode = Annotated[
    Serving,
    Field(
        title="Serving",
        description="Where the models of the ensemble come from. refit: each member is fitted "
        "again to all rows (small, fast predictions). bagged: the models of its folds are averaged "
        "(no fit at the end). auto: refit as many as the time allows, boosters up to five times "
        "with other seeds while one row takes at most 20 ms; bag the others.",
    ),
]
MaxLatency = Annotated[
    OptionalNumber,
    Field(
        title="Max latency",
        description="Longest time the model may take for one row, in milliseconds; the members are "
        "chosen to meet this limit. Empty for no limit.",
    ),
]
MaxSize = Annotated[
    OptionalNumber,
    Field(
        title="Max size",
        description="Largest size of the model, in MiB; the members are chosen to meet this limit. "
        "Empty for no limit.",
    ),
]
MaxOperations = Annotated[
    OptionalNumber,
    Field(
        title="Max operations",
        description="Most operations (comparisons, additions, multiplications) that the model may "
        "take for one row; what is known to take more is not trained. Empty for no limit.",
    ),
]
Interpretable = Annotated[
    bool,
    Field(
        title="Interpretable",
        description="Try only models that a person can read, and use a single one instead of an "
        "ensemble.",
    ),
]
Portable = Annotated[
    OptionalPortable,
    Field(
        title="Portable",
        description="Try only models that `espalier export` can write as one file: onnx, or c for "
        "numbers, categories and dates. Empty to try everything.",
    ),
]
RefitOnAll = Annotated[
    bool,
    Field(
        title="Refit on all rows",
        description="After the hold-out has scored the model, fit its members once more, to the "
        "hold-out rows as well. Later models can then be compared with it only on newer rows.",
    ),
]
