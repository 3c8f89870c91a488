"""Options of `espalier train` about what is tried, how it is scored, and what is preferred."""

from typing import Annotated

import typer

SEARCH = "Search and model"

Task = Annotated[
    str,
    typer.Option(
        metavar="KIND",
        help="Kind of problem: auto, binary, multiclass or regression.",
        rich_help_panel=SEARCH,
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Metric to optimise. (default: roc_auc, log_loss or rmse; mase for forecasts)",
        rich_help_panel=SEARCH,
    ),
]
Families = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...",
        help="Try only these model families. (default: all but ebm)",
        rich_help_panel=SEARCH,
    ),
]
Strategy = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Search strategy: guided, gp, neural, forest, tpe, evolution, policy, "
        "policy+critic, local, differentiable, nsga2, random or grid.",
        rich_help_panel=SEARCH,
    ),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Random seed.", rich_help_panel=SEARCH)]
Folds = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Number of folds, 1 for a single split. (default: by number of rows and time)",
        rich_help_panel=SEARCH,
    ),
]
AllowBaseline = Annotated[
    bool,
    typer.Option(
        "--allow-baseline",
        help="If every trial fails, register the best constant prediction.",
        rich_help_panel=SEARCH,
    ),
]
Objectives = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="score, and what is to be small beside it, with commas: latency, size, "
        "operations. Smaller forms of the best models are made and compared.",
        rich_help_panel=SEARCH,
    ),
]
Prefer = Annotated[
    str | None,
    typer.Option(
        metavar="WHICH",
        help="Which model to take: score, small (within one standard error of the best) or "
        "balanced.",
        rich_help_panel=SEARCH,
    ),
]
Interpretable = Annotated[
    bool,
    typer.Option(
        "--interpretable",
        help="Only models that a person can read, and a single one instead of an ensemble.",
        rich_help_panel=SEARCH,
    ),
]
Portable = Annotated[
    str | None,
    typer.Option(
        metavar="FORMAT",
        help="Try only what `espalier export` can write: onnx, or c for numbers, categories "
        "and dates.",
        rich_help_panel=SEARCH,
    ),
]
StartFrom = Annotated[
    str | None,
    typer.Option(
        metavar="NAME/VERSION,...",
        help="Try the best configurations of these versions first, and keep their hold-out.",
        rich_help_panel=SEARCH,
    ),
]
