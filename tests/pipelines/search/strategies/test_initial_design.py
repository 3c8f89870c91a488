"""The order of the first trials, and what is left out where time is short."""

import numpy as np

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.forecasting.families.definitions import FORECASTERS
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.search.strategies.initial_design import LEADERS, initial_design
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.preprocessing import makes_many_columns
from espalier.pipelines.surrogate.cost import CostModel
from espalier.pipelines.trials.history import History
from tests.pipelines.search.conftest import new_space


def test_starters_with_many_made_columns_come_last_and_only_where_they_fit() -> None:
    space = new_space(n_rows=8_000)
    costs = CostModel.fit(space, History(METRICS["roc_auc"]), 5)
    free = initial_design(space, costs, None).starters
    of_leaders = [each for name in LEADERS for each in space.starters(name)]
    assert sorted(map(str, free)) == sorted(map(str, of_leaders))
    assert [makes_many_columns(each) for each in free] == [False] * (len(free) - 1) + [True]
    # A limit that the leaders keep easily, but not this one.
    leaders = [space.default(name) for name in LEADERS]
    slowest = float(np.exp(costs.log_seconds(leaders)).max())
    last = float(np.exp(costs.log_seconds([free[-1]]))[0])
    assert last > slowest
    limited = initial_design(space, costs, 4 * (slowest + last) / 2)
    assert limited.starters == free[:-1]


def test_families_of_forecasts_start_with_their_starters_too() -> None:
    shape = DatasetShape(problem=ProblemKind.REGRESSION, n_rows=2_000, n_columns=0)
    space = SearchSpace(FORECASTERS, shape)
    costs = CostModel.fit(space, History(METRICS["mae"]), 5)
    design = initial_design(space, costs, None)
    assert [each.family for each in design.configurations] == list(space.families)
    assert {each.family for each in design.starters} == {"reduction", "window_regression"}
