"""``espalier train``: a table in, a registered champion out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from espalier.flows.terminal.exits import reports_errors
from espalier.pipelines.errors import UserError
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY

if TYPE_CHECKING:
    from espalier.pipelines.requests.train import TrainRequest

SEARCH = "What is searched"
DATA = "How the data are read"
WHERE = "Where it runs"

# What may be said anew when a run is extended.
EXTENDABLE = ("data", "extend", "trials", "workers", "dask", "json_path")


@reports_errors
def train(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="CSV, TSV, Parquet, Arrow, Feather or JSON lines; a URL; or a database URL. "
            "With --extend: a model.",
            show_default=False,
        ),
    ],
    context: typer.Context,
    target: Annotated[
        str | None,
        typer.Option(metavar="COL", help="The column to predict.", show_default=False),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Name in the registry. (default: from DATA)")
    ] = None,
    time_budget: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="Like 90s, 10m, 1h30m. (default: 10m, or none with --trials)"
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(metavar="N", help="Number of trials. (default: no limit)")
    ] = None,
    extend: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Search on for so long from where the newest run of the model DATA stopped.",
        ),
    ] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the outcome as JSON.")
    ] = None,
    task: Annotated[
        str,
        typer.Option(
            metavar="KIND", help="auto, binary, multiclass, regression.", rich_help_panel=SEARCH
        ),
    ] = "auto",
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What to optimise. (default: roc_auc, log_loss or rmse)",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    families: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Only these model families. (default: all)",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    search: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="guided, gp, neural, forest, tpe, evolution, random, grid.",
            rich_help_panel=SEARCH,
        ),
    ] = DEFAULT_STRATEGY,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Root of everything random.", rich_help_panel=SEARCH)
    ] = 0,
    folds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Folds that score a trial, 1 for one split. (default: what rows and time allow)",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    exclude: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Columns to leave out.", rich_help_panel=DATA),
    ] = None,
    group_column: Annotated[
        str | None,
        typer.Option(
            metavar="COL", help="Rows that belong together share its value.", rich_help_panel=DATA
        ),
    ] = None,
    time_column: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Splits go forward in it.", rich_help_panel=DATA),
    ] = None,
    about: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help='What the table is about ("customers leaving a telecom"); such ones count more.',
            rich_help_panel=DATA,
        ),
    ] = None,
    weight_column: Annotated[
        str | None,
        typer.Option(metavar="COL", help="How much each row counts.", rich_help_panel=DATA),
    ] = None,
    allow_baseline: Annotated[
        bool,
        typer.Option(
            "--allow-baseline",
            help="Where every trial fails, register the best constant.",
            rich_help_panel=SEARCH,
        ),
    ] = False,
    bagged: Annotated[
        bool | None,
        typer.Option(
            "--bagged/--refit",
            help="Serve the members' fold models, or refit members to all rows. (default: refit "
            "what the time allows)",
            rich_help_panel=SEARCH,
            show_default=False,
        ),
    ] = None,
    max_latency_ms: Annotated[
        float | None,
        typer.Option(
            metavar="MS", help="What the model may take for one row.", rich_help_panel=SEARCH
        ),
    ] = None,
    max_size_mb: Annotated[
        float | None,
        typer.Option(metavar="MIB", help="What the model may weigh.", rich_help_panel=SEARCH),
    ] = None,
    interpretable: Annotated[
        bool,
        typer.Option(
            "--interpretable",
            help="Only models that a person can read, and one of them alone.",
            rich_help_panel=SEARCH,
        ),
    ] = False,
    query: Annotated[
        str | None,
        typer.Option(
            metavar="SQL", help="SELECT to run where DATA is a database.", rich_help_panel=DATA
        ),
    ] = None,
    start_from: Annotated[
        str | None,
        typer.Option(
            metavar="NAME/VERSION,...",
            help="Try the winners of earlier versions first, and keep their hold-out.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Worker processes. (default: one a core)", rich_help_panel=WHERE
        ),
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory a trial may use, like 4GiB. (default: a share of the machine's)",
            rich_help_panel=WHERE,
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="A running Dask scheduler, tcp://...", rich_help_panel=WHERE
        ),
    ] = None,
) -> None:
    """Train on a table, register the best model and show how good it is.

    Running the same command again after an interruption continues where it stopped.
    """
    given = dict(locals())  # an option bears the name of the field of the form that it fills
    from espalier.flows.cli.runs.train import run_training
    from espalier.pipelines.requests.train import TrainRequest

    if extend is not None:
        _refuse_with_extend(context)
        run_training(
            _extension(data, extend, trials=trials, workers=workers, dask=dask),
            json_path=json_path,
        )
        return
    if target is None:
        raise UserError("Missing option '--target': the column to predict (see --help)")
    options = {name: value for name, value in given.items() if name in TrainRequest.model_fields}
    serving = "auto" if bagged is None else "bagged" if bagged else "refit"
    request = TrainRequest.parse({**options, "data": data, "target": target, "serving": serving})
    run_training(request, json_path=json_path)


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
    """Refuse what the run that is extended has decided already."""
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
