"""What Great Expectations looks at: the rows of a table, or the facts of its series."""

import pandas as pd

from espalier.pipelines.data.contract import DataContract, infer_contract
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.target import infer_problem
from espalier.pipelines.forecasting.input.facts import series_contract, series_facts
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.series.read_request import read_request_series


def rows_to_check(request: TrainRequest, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a suite is about: one for each series, where series are forecast.

    Raises
    ------
    UserError
        The table holds no series that can be read.
    """
    if request.is_forecast:
        return series_facts(read_request_series(request, table))
    return with_unique_names(table)


def contract_of(request: TrainRequest, rows: pd.DataFrame) -> DataContract:
    """Return what is expected of `rows_to_check`, inferred from them."""
    if request.horizon is not None:
        return series_contract(rows, horizon=request.horizon)
    problem = infer_problem(rows[request.target], request.task)
    return infer_contract(rows, target=request.target, problem=problem)
