"""``espalier experience``: record what works on many tables, and learn from it."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors

experience = typer.Typer(
    name="experience", help="Record what works on many tables, and learn from it."
)

Store = Annotated[
    Path, typer.Option(metavar="FILE", help="Parquet file of the records.", show_default=False)
]
Seed = Annotated[int, typer.Option(metavar="N", help="Root of everything random.")]


@experience.command()
@reports_errors
def build(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="Tables, and an index.csv with the columns name, task, target.",
            show_default=False,
        ),
    ],
    store: Store,
    tables: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Only these tables. (default: all)")
    ] = None,
    configurations: Annotated[int, typer.Option(metavar="N", help="On each table.")] = 100,
    rows: Annotated[int, typer.Option(metavar="N", help="Rows of a table at most.")] = 3_000,
    folds: Annotated[int, typer.Option(metavar="N", help="Folds of a trial.")] = 3,
    seconds_per_trial: Annotated[
        float, typer.Option(metavar="SECONDS", help="Limit of a trial.")
    ] = 30.0,
    hours: Annotated[
        float | None,
        typer.Option(metavar="H", help="Stop after so many hours. (default: when done)"),
    ] = None,
    seed: Seed = 0,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Worker processes. (default: one a core)")
    ] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A running Dask scheduler, tcp://...")
    ] = None,
) -> None:
    """Record what many configurations of every family score on every table of a folder.

    It may be stopped at any time: the same command continues, and loses a batch at most.
    """
    from espalier.flows.cli.runs.build_experience import run_build
    from espalier.pipelines.requests.build_experience import BuildRequest

    run_build(
        BuildRequest.parse(
            {
                "folder": folder, "store": store, "tables": tables,
                "configurations": configurations, "rows": rows, "folds": folds,
                "seconds_per_trial": seconds_per_trial, "hours": hours, "seed": seed,
                "workers": workers, "dask": dask,
            }
        )
    )  # fmt: skip


@experience.command()
@reports_errors
def fit(
    store: Store,
    out: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Where the result goes.", show_default=False),
    ],
    seed: Seed = 0,
) -> None:
    """Learn from the records what to try first on a new table, and how far to trust it.

    Trainings use the result where ESPALIER_EXPERIENCE names its folder.
    """
    from espalier.flows.cli.runs.build_experience import run_fit

    run_fit(store, out, seed=seed)
