"""``espalier train``: train on a table and register the model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from espalier.flows.terminal.exits import reports_errors
from espalier.flows.terminal.verbosity import OPTION_NAMES, shows_progress
from espalier.pipelines.errors import UserError
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY

if TYPE_CHECKING:
    from espalier.pipelines.requests.train import TrainRequest

SEARCH = "Search and model"
DATA = "Data"
FORECAST = "Forecasts"
WHERE = "Resources"

# Options that may be given together with --extend.
EXTENDABLE = ("data", "extend", "trials", "workers", "dask", "json_path", *OPTION_NAMES)


@reports_errors
@shows_progress
def train(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A file (CSV, TSV, Parquet, Arrow, Feather, JSON lines or a workbook: "
            "book.xlsx#SHEET), its URL, a folder or zip of pictures in class folders, or a "
            "database URL. With --extend: a registered model.",
            show_default=False,
        ),
    ],
    context: typer.Context,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="The column to predict. (default for a folder of pictures: the class)",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Name in the registry. (default: from DATA)")
    ] = None,
    time_budget: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Time limit, such as 90s or 1h30m. (default: 10m, or none with --trials)",
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(metavar="N", help="Maximum number of trials. (default: no limit)")
    ] = None,
    extend: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Continue the search of the newest run of model DATA for this long.",
        ),
    ] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the outcome as JSON.")
    ] = None,
    task: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="Kind of problem: auto, binary, multiclass or regression.",
            rich_help_panel=SEARCH,
        ),
    ] = "auto",
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Metric to optimise. (default: roc_auc, log_loss or rmse; mase for forecasts)",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    families: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Try only these model families. (default: all but ebm)",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    search: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Search strategy: guided, gp, neural, forest, tpe, evolution, policy, "
            "policy+critic, local, differentiable, nsga2, random or grid.",
            rich_help_panel=SEARCH,
        ),
    ] = DEFAULT_STRATEGY,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Random seed.", rich_help_panel=SEARCH)
    ] = 0,
    folds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Number of folds, 1 for a single split. (default: by number of rows and time)",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    exclude: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Columns not to use.", rich_help_panel=DATA),
    ] = None,
    group_column: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="Column of groups of rows; no group is divided by a split.",
            rich_help_panel=DATA,
        ),
    ] = None,
    time_column: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="Column that orders the rows in time; validation and hold-out rows are newer than "
            "training rows. With --horizon: the times of the series.",
            rich_help_panel=DATA,
        ),
    ] = None,
    horizon: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS",
            help="Forecast series this many steps ahead, instead of predicting rows.",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    series_column: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="Column that tells the series apart. (default: a single series)",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    freq: Annotated[
        str | None,
        typer.Option(
            metavar="STEP",
            help="Step from one time to the next, such as D, MS or 15min. (default: inferred)",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    known_covariates: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Columns whose future is known, such as prices.",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    season: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS",
            help="Steps after which the pattern repeats. (default: found)",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    quantiles: Annotated[
        str | None,
        typer.Option(
            metavar="Q,Q,...",
            help="Quantiles to forecast. (default: 0.1 to 0.9)",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    past_covariates: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Columns that are known only as far as the values.",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    static: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Columns that have one value for each series.",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    holidays: Annotated[
        str | None,
        typer.Option(
            metavar="DE,US-CA,...",
            help="Countries, or parts of them, whose public holidays are known covariates.",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    hierarchy: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Columns that the series add up by, the widest first; forecasts then add up too.",
            rich_help_panel=FORECAST,
        ),
    ] = None,
    wide: Annotated[
        bool,
        typer.Option(
            "--wide",
            help="The table has a column for each series; --target only names their values.",
            rich_help_panel=FORECAST,
        ),
    ] = False,
    about: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help='Subject of the table, such as "customers leaving a telecom"; experience from '
            "tables with the same subject counts more.",
            rich_help_panel=DATA,
        ),
    ] = None,
    weight_column: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Column of row weights.", rich_help_panel=DATA),
    ] = None,
    allow_baseline: Annotated[
        bool,
        typer.Option(
            "--allow-baseline",
            help="If every trial fails, register the best constant prediction.",
            rich_help_panel=SEARCH,
        ),
    ] = False,
    bagged: Annotated[
        bool | None,
        typer.Option(
            "--bagged/--refit",
            help="Average the fold models of each member, or refit each member to all rows. "
            "(default: refit as many as the time allows, boosters several times)",
            rich_help_panel=SEARCH,
            show_default=False,
        ),
    ] = None,
    max_latency_ms: Annotated[
        float | None,
        typer.Option(
            metavar="MS", help="Maximum prediction time for one row.", rich_help_panel=SEARCH
        ),
    ] = None,
    max_size_mb: Annotated[
        float | None,
        typer.Option(metavar="MIB", help="Maximum size of the model.", rich_help_panel=SEARCH),
    ] = None,
    max_operations: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="Maximum operations for one row; what takes more is not trained.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    objectives: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="score, and what is to be small beside it, with commas: latency, size, "
            "operations. Smaller forms of the best models are made and compared.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    prefer: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH",
            help="Which model to take: score, small (within one standard error of the best) or "
            "balanced.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    interpretable: Annotated[
        bool,
        typer.Option(
            "--interpretable",
            help="Only models that a person can read, and a single one instead of an ensemble.",
            rich_help_panel=SEARCH,
        ),
    ] = False,
    portable: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="Try only what `espalier export` can write: onnx, or c for numbers, categories "
            "and dates.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    refit_on_all: Annotated[
        bool,
        typer.Option(
            "--refit-on-all/--no-refit-on-all",
            help="After the hold-out has scored the model, fit it to the hold-out rows as well. "
            "Later models can then be compared with it only on newer rows.",
            rich_help_panel=SEARCH,
        ),
    ] = False,
    query: Annotated[
        str | None,
        typer.Option(
            metavar="SQL", help="SELECT statement, if DATA is a database.", rich_help_panel=DATA
        ),
    ] = None,
    image_columns: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Columns of pictures: paths of files, or their bytes. (default: recognised)",
            rich_help_panel=DATA,
        ),
    ] = None,
    image_root: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Folder (or zip archive) that paths of pictures start from. (default: of DATA)",
            rich_help_panel=DATA,
        ),
    ] = None,
    bad_files: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="What is done with pictures that cannot be used: missing (a missing cell of "
            "their row), set-aside (their row is left out) or refuse (no training). They are "
            "listed in any case.",
            rich_help_panel=DATA,
        ),
    ] = "missing",
    start_from: Annotated[
        str | None,
        typer.Option(
            metavar="NAME/VERSION,...",
            help="Try the best configurations of these versions first, and keep their hold-out.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Worker processes. (default: one per core)", rich_help_panel=WHERE
        ),
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory limit of a trial, such as 4GiB. (default: an equal share of 80 % of the "
            "machine's)",
            rich_help_panel=WHERE,
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Running Dask scheduler to use, tcp://...",
            rich_help_panel=WHERE,
        ),
    ] = None,
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
