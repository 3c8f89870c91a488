"""``espalier train``: train on a table and register the model."""

from typing import TYPE_CHECKING

import typer

from espalier.flows.cli.options.data import (
    About,
    BadFiles,
    Data,
    Exclude,
    GroupColumn,
    ImageColumns,
    ImageRoot,
    Query,
    Target,
    TimeColumn,
    WeightColumn,
)
from espalier.flows.cli.options.forecasts import (
    Frequency,
    Hierarchy,
    Holidays,
    Horizon,
    KnownCovariates,
    PastCovariates,
    Quantiles,
    Season,
    SeriesColumn,
    StaticCovariates,
    Wide,
)
from espalier.flows.cli.options.model import (
    Bagged,
    MaxLatencyMs,
    MaxOperations,
    MaxSizeMb,
    ModelName,
    RefitOnAll,
)
from espalier.flows.cli.options.run import (
    Dask,
    Extend,
    MemoryLimit,
    OutcomeFile,
    TimeBudget,
    Trials,
    Workers,
)
from espalier.flows.cli.options.search import (
    AllowBaseline,
    Families,
    Folds,
    Interpretable,
    Metric,
    Objectives,
    Portable,
    Prefer,
    Seed,
    StartFrom,
    Strategy,
    Task,
)
from espalier.flows.terminal.exits import reports_errors
from espalier.flows.terminal.verbosity import OPTION_NAMES, shows_progress
from espalier.pipelines.errors import UserError
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY

if TYPE_CHECKING:
    from espalier.pipelines.requests.train import TrainRequest

# Options that may be given together with --extend.
EXTENDABLE = ("data", "extend", "trials", "workers", "dask", "json_path", *OPTION_NAMES)


@reports_errors
@shows_progress
def train(
    data: Data,
    context: typer.Context,
    target: Target = None,
    name: ModelName = None,
    time_budget: TimeBudget = None,
    trials: Trials = None,
    extend: Extend = None,
    json_path: OutcomeFile = None,
    task: Task = "auto",
    metric: Metric = None,
    families: Families = None,
    search: Strategy = DEFAULT_STRATEGY,
    seed: Seed = 0,
    folds: Folds = None,
    exclude: Exclude = None,
    group_column: GroupColumn = None,
    time_column: TimeColumn = None,
    horizon: Horizon = None,
    series_column: SeriesColumn = None,
    freq: Frequency = None,
    known_covariates: KnownCovariates = None,
    season: Season = None,
    quantiles: Quantiles = None,
    past_covariates: PastCovariates = None,
    static: StaticCovariates = None,
    holidays: Holidays = None,
    hierarchy: Hierarchy = None,
    wide: Wide = False,
    about: About = None,
    weight_column: WeightColumn = None,
    allow_baseline: AllowBaseline = False,
    bagged: Bagged = None,
    max_latency_ms: MaxLatencyMs = None,
    max_size_mb: MaxSizeMb = None,
    max_operations: MaxOperations = None,
    objectives: Objectives = None,
    prefer: Prefer = None,
    interpretable: Interpretable = False,
    portable: Portable = None,
    refit_on_all: RefitOnAll = False,
    query: Query = None,
    image_columns: ImageColumns = None,
    image_root: ImageRoot = None,
    bad_files: BadFiles = "missing",
    start_from: StartFrom = None,
    workers: Workers = None,
    memory_limit: MemoryLimit = None,
    dask: Dask = None,
) -> None:
    """Train on a table, register the resulting model and show its score.

    With --horizon the table is a history of one or many series, and the model forecasts them.

    After an interruption, the same command continues where it stopped.
    """
    given = dict(locals())  # each option has the name of the request field that it fills
    from espalier.flows.cli.runs.train import run_training
    from espalier.pipelines.requests.train import TrainRequest

    if extend is not None:
        _refuse_with_extend(context)
        run_training(
            _extension(data, extend, trials=trials, workers=workers, dask=dask),
            json_path=json_path,
        )
        return
    target = target or ("value" if wide else _class_column(data))
    if target is None:
        raise UserError("Missing option '--target': the column to predict (see --help)")
    options = {name: value for name, value in given.items() if name in TrainRequest.model_fields}
    serving = "auto" if bagged is None else "bagged" if bagged else "refit"
    request = TrainRequest.parse({**options, "data": data, "target": target, "serving": serving})
    run_training(request, json_path=json_path)


def _class_column(data: str) -> str | None:
    """Return the target of a folder of pictures in folders of their class; None of other data."""
    from espalier.infra.tables.picture_files.folders import class_column

    return class_column(data)


def _extension(
    model: str, seconds: str, *, trials: int | None, workers: int | None, dask: str | None
) -> "TrainRequest":
    from espalier.flows.training.extension import continuation
    from espalier.infra.settings import load_settings
    from espalier.pipelines.requests.extend import ExtendRequest

    request = ExtendRequest.parse(
        {
            "model": model,
            "time_budget": seconds,
            "trials": trials,
            "workers": workers,
            "dask": dask,
        }
    )
    return continuation(request, load_settings())


def _refuse_with_extend(context: typer.Context) -> None:
    """Refuse options that are fixed by the run that is extended."""
    given = [
        name
        for name in context.params
        if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
        and name not in EXTENDABLE
    ]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        raise UserError(
            f"{option} cannot be changed when a run is extended; leave it out, or start a new "
            "training"
        )
