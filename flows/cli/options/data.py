"""Options of `espalier train` about the table: where it is, its columns, its pictures."""

from typing import Annotated

import typer

DATA = "Data"

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A file (CSV, TSV, Parquet, Arrow, Feather, JSON lines or a workbook: "
        "book.xlsx#SHEET), its URL, a folder or zip of pictures in class folders, or a "
        "database URL. With --extend: a registered model.",
        show_default=False,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="COL",
        help="The column to predict. (default for a folder of pictures: the class)",
        show_default=False,
    ),
]
Exclude = Annotated[
    str | None,
    typer.Option(metavar="A,B,...", help="Columns not to use.", rich_help_panel=DATA),
]
GroupColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COL",
        help="Column of groups of rows; no group is divided by a split.",
        rich_help_panel=DATA,
    ),
]
TimeColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COL",
        help="Column that orders the rows in time; validation and hold-out rows are newer than "
        "training rows. With --horizon: the times of the series.",
        rich_help_panel=DATA,
    ),
]
About = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help='Subject of the table, such as "customers leaving a telecom"; experience from '
        "tables with the same subject counts more.",
        rich_help_panel=DATA,
    ),
]
WeightColumn = Annotated[
    str | None,
    typer.Option(metavar="COL", help="Column of row weights.", rich_help_panel=DATA),
]
Query = Annotated[
    str | None,
    typer.Option(
        metavar="SQL", help="SELECT statement, if DATA is a database.", rich_help_panel=DATA
    ),
]
ImageColumns = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...",
        help="Columns of pictures: paths of files, or their bytes. (default: recognised)",
        rich_help_panel=DATA,
    ),
]
ImageRoot = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        help="Folder (or zip archive) that paths of pictures start from. (default: of DATA)",
        rich_help_panel=DATA,
    ),
]
BadFiles = Annotated[
    str,
    typer.Option(
        metavar="POLICY",
        help="What is done with pictures that cannot be used: missing (a missing cell of "
        "their row), set-aside (their row is left out) or refuse (no training). They are "
        "listed in any case.",
        rich_help_panel=DATA,
    ),
]
