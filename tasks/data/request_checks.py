"""Checks of a request against its table, done before anything is trained."""

import pandas as pd

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.data.parsing.column_names import find_column, with_unique_names
from espalier.pipelines.data.target import (
    encode_target,
    infer_problem,
    require_rows,
    target_present,
)
from espalier.pipelines.errors import UserError
from espalier.pipelines.images.columns import find_picture_columns
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.scoring import check_percentages, check_target
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.search.strategies.names import DIFFERENTIABLE, no_networks
from espalier.tasks.data.series.read_request import check_series

FEWEST_ROWS = 20


def check_request(request: TrainRequest, table: pd.DataFrame) -> None:
    """Check columns, target, metric, families and strategy of ``request`` against ``table``.

    Raises
    ------
    UserError
        The first fault, as one line.
    """
    if request.is_forecast:
        check_series(request, table)
        return
    table = with_unique_names(table)
    y = table[find_column(table, request.target, "target")]
    named = [(name, "excluded column") for name in request.exclude]
    named += [(request.group_column, "group column")] if request.group_column else []
    named += [(request.time_column, "time column")] if request.time_column else []
    named += [(request.weight_column, "weight column")] if request.weight_column else []
    for name, what in named:
        find_column(table, name, what)

    present = target_present(y)
    n_rows = int(present.sum())
    if n_rows:
        require_rows(n_rows, FEWEST_ROWS, request.shown_data)
        y = y[present]
    problem = infer_problem(y, request.task)
    values, classes = encode_target(y, problem)
    n_classes = 1 if classes is None else len(classes)
    metric = get_metric(request.metric, problem, n_classes)
    check_target(metric, values)
    check_percentages(metric, values)
    if request.search == DIFFERENTIABLE:
        leave_out = (request.target, *request.exclude)
        if not find_picture_columns(table, request.image_columns or None, leave_out=leave_out):
            raise UserError(no_networks())
    # How many columns are left is known once the table is prepared.
    rough = DatasetShape(
        problem=problem, n_rows=n_rows, n_columns=1, n_classes=n_classes, n_pixels=1, pixel_side=16
    )
    choose_learners(request.families or None, rough, interpretable=request.interpretable)
