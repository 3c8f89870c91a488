"""``espalier experience``: record trials on many tables, and learn from them."""

from pathlib import Path
from typing import Annotated

import typer

from espalier.flows.terminal.exits import reports_errors

experience = typer.Typer(
    name="experience", help="Record trials on many tables, and learn from them what to try first."
)

Store = Annotated[
    Path, typer.Option(metavar="FILE", help="Parquet file of recorded trials.", show_default=False)
]
Seed = Annotated[int, typer.Option(metavar="N", help="Random seed.")]


@experience.command()
@reports_errors
def build(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="Folder of tables, with an index.csv (columns name, task, target; of series, "
            "whose task is forecast, also horizon).",
            show_default=False,
        ),
    ],
    store: Store,
    tables: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Use only these tables. (default: all)")
    ] = None,
    configurations: Annotated[
        int, typer.Option(metavar="N", help="Configurations to try on each table.")
    ] = 100,
    families: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Record only these model families, on top of what the store holds; "
            "--configurations then counts theirs. (default: all)",
        ),
    ] = None,
    rows: Annotated[int, typer.Option(metavar="N", help="Maximum rows per table.")] = 3_000,
    folds: Annotated[int, typer.Option(metavar="N", help="Number of folds.")] = 3,
    seconds_per_trial: Annotated[
        float, typer.Option(metavar="SECONDS", help="Time limit of a trial, all folds together.")
    ] = 30.0,
    hours: Annotated[
        float | None,
        typer.Option(metavar="H", help="Stop after this many hours. (default: no limit)"),
    ] = None,
    seed: Seed = 0,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Worker processes. (default: one per core)")
    ] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Running Dask scheduler to use, tcp://...")
    ] = None,
) -> None:
    """Evaluate many configurations on every table of a folder, and record their scores.

    It can be stopped at any time: the same command continues, and at most one batch is lost.
    """
    from espalier.flows.cli.runs.build_experience import run_build
    from espalier.pipelines.requests.build_experience import BuildRequest

    run_build(
        BuildRequest.parse(
            {
                "folder": folder,
                "store": store,
                "tables": tables,
                "configurations": configurations,
                "families": families,
                "rows": rows,
                "folds": folds,
                "seconds_per_trial": seconds_per_trial,
                "hours": hours,
                "seed": seed,
                "workers": workers,
                "dask": dask,
            }
        )
    )


@experience.command()
@reports_errors
def fit(
    store: Store,
    out: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Folder to write the result to.", show_default=False),
    ],
    seed: Seed = 0,
) -> None:
    """Learn from the records what to try first on a new table, and how far to trust it.

    Training runs use the result if ESPALIER_EXPERIENCE is set to its folder.
    """
    from espalier.flows.cli.runs.build_experience import run_fit

    run_fit(store, out, seed=seed)
