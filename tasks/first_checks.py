"""What can be refused as soon as the table is read, before anything is started or trained."""

import difflib

import pandas as pd

from pipelines.errors import UserError
from pipelines.request import TrainRequest


def check_request(request: TrainRequest, table: pd.DataFrame) -> None:
    """Check columns, target, metric and families of ``request`` against ``table``.

    Raises
    ------
    UserError
        The first thing that is wrong, as one line.
    """
    from pipelines.data.dataset import DatasetShape
    from pipelines.data.target import encode_target, infer_problem

    from pipelines.evaluation.metrics import get_metric
    from pipelines.learners.registry import choose_learners

    columns = [str(name) for name in table.columns]
    named = {
        "target": (request.target,),
        "--exclude": request.exclude,
        "--group-column": (request.group_column,) if request.group_column else (),
        "--time-column": (request.time_column,) if request.time_column else (),
    }
    for what, names in named.items():
        for name in names:
            if name not in columns:
                raise UserError(_unknown_column(name, what, columns, request.shown_data))
    y = table.iloc[:, columns.index(request.target)]
    problem = infer_problem(y, request.task)
    _, classes = encode_target(y.dropna(), problem)
    n_classes = 1 if classes is None else len(classes)
    get_metric(request.metric, problem, n_classes)
    rough = DatasetShape(
        problem=problem, n_rows=len(table), n_columns=table.shape[1] - 1, n_classes=n_classes
    )
    choose_learners(request.families or None, rough)


def _unknown_column(name: str, what: str, columns: list[str], source: str) -> str:
    near = difflib.get_close_matches(name, columns, n=1)
    folded = {column.casefold(): column for column in columns}
    guess = folded.get(name.casefold(), near[0] if near else None)
    hint = f"did you mean {guess!r}?" if guess else f"it has {_some(columns)}"
    return f"{what} {name!r} is not a column of {source}; {hint}"


def _some(columns: list[str]) -> str:
    shown = ", ".join(repr(column) for column in columns[:8])
    return shown if len(columns) <= 8 else f"{shown} and {len(columns) - 8} more"
