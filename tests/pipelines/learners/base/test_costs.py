"""What columns made of several others add to the estimates of seconds and memory."""

import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.costs import constructed_seconds, with_constructed
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.search.limits.memory_model import MemoryModel
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History

SHAPE = DatasetShape(
    problem=ProblemKind.REGRESSION,
    n_rows=30_000,
    n_columns=12,
    n_categorical=3,
    n_text=1,
    smallest_class=30_000,
)
SPACE = SearchSpace([LEARNERS["lightgbm"]], SHAPE)
MADE = (
    {"prep_construction": "random", "prep_formulas": 300},
    {"prep_lookups": "all"},
    {"prep_text_components": 150},
)


@pytest.mark.parametrize("values", MADE)
def test_made_columns_cost_time_and_memory(values: dict[str, str | int]) -> None:
    plain, with_more = SPACE.default("lightgbm"), SPACE.complete("lightgbm", values)
    assert set(values.items()) <= set(with_more.items())
    seconds = SPACE.expected_seconds
    assert seconds(with_more) > 1.3 * seconds(plain) > 0
    model = MemoryModel.fit(SPACE, History(METRICS["rmse"]))
    few, more = model.expected_mb([plain, with_more])
    assert more > few + 5


def test_a_configuration_without_them_costs_what_it_did() -> None:
    for family in ("xgboost", "linear"):
        default = SearchSpace([LEARNERS[family]], SHAPE).default(family)
        assert with_constructed(default, SHAPE) is SHAPE
        assert constructed_seconds(default, SHAPE) == 0.0
    numeric = with_constructed({"prep_construction": "random", "prep_formulas": 300}, SHAPE)
    assert numeric.n_numeric == SHAPE.n_numeric + 300
    assert numeric.n_categorical == SHAPE.n_categorical
