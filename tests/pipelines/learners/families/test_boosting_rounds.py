"""How long boosters learn: rates and rounds by the shape of the table."""

import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.learner import BuildContext
from espalier.pipelines.learners.families.boosting_rounds import (
    MOST_TREES,
    max_rounds,
    sensible_rate,
)
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace

BOOSTERS = ["lightgbm", "xgboost", "catboost"]
PENALTIES = {"lightgbm": "lambda_l2", "xgboost": "reg_lambda", "catboost": "l2_leaf_reg"}


def shape(n_rows: int, n_classes: int = 2) -> DatasetShape:
    kind = ProblemKind.BINARY if n_classes == 2 else ProblemKind.MULTICLASS
    return DatasetShape(
        problem=kind, n_rows=n_rows, n_columns=5, n_classes=n_classes, smallest_class=50
    )


def rate_used(name: str, table: DatasetShape, **values: float) -> float:
    """Return the learning rate of a model that is built for a table."""
    configuration = SearchSpace([LEARNERS[name]], table).complete(name, values)
    model = LEARNERS[name].build(configuration.model_values, BuildContext(shape=table, seed=0))
    return float(model.parameters["learning_rate"])


@pytest.mark.parametrize("rate", [0.01, 0.02, 0.06])
def test_no_cap_makes_small_rates_bad(rate: float) -> None:
    """A fit of 5,000 rows was best after 7,525 rounds of 0.02, and the cap was 3,000."""
    for n_rows in (2_500, 5_000, 50_000):
        assert max_rounds(shape(n_rows), rate) >= min(10_000, 120 / rate)


def test_few_rows_get_few_rounds() -> None:
    assert max_rounds(shape(160), 0.01) == 3_000
    assert max_rounds(shape(160), 0.1) == 600


def test_on_many_rows_every_rate_is_used_as_it_is() -> None:
    for rate in (0.01, 0.03, 0.3):
        assert sensible_rate(rate, 3.0, shape(5_000), default=0.06) == rate


def test_on_few_rows_small_rates_are_lengthened_and_others_not() -> None:
    at = [sensible_rate(0.01, 0.0, shape(n_rows), default=0.06) for n_rows in (160, 500, 600, 800)]
    assert at[0] == at[1] == pytest.approx(0.015)
    assert at[2] == pytest.approx(0.0125)
    assert at[3] == 0.01
    assert sensible_rate(0.06, 3.0, shape(160), default=0.06) == 0.06


def test_a_penalty_that_shortens_the_steps_on_few_rows_is_made_up_for() -> None:
    light, heavy = (sensible_rate(0.0143, each, shape(160), default=0.06) for each in (0.1, 50.0))
    assert light == pytest.approx(0.015, abs=1e-3)
    assert heavy == pytest.approx(0.09)
    assert sensible_rate(0.02, 50.0, shape(20_000), default=0.06) == 0.02


@pytest.mark.parametrize("name", BOOSTERS)
def test_models_of_few_rows_are_built_with_the_lengthened_rate(name: str) -> None:
    slow = {"learning_rate": 0.0143, PENALTIES[name]: 50.0}
    assert rate_used(name, shape(160), **slow) > 0.03
    assert rate_used(name, shape(20_000), **slow) == pytest.approx(0.0143)


@pytest.mark.parametrize("name", BOOSTERS)
@pytest.mark.parametrize("n_classes", [10, 32])
def test_small_rates_arrive_in_the_rounds_that_many_classes_get(name, n_classes: int) -> None:
    """With 32 classes and a rate of 0.02 the rounds ended when losses had just begun to fall."""
    table = shape(4_000, n_classes)
    rate = rate_used(name, table, learning_rate=0.01)
    default = rate_used(name, table)
    trees = {"catboost": 5_000}.get(name, MOST_TREES)
    assert 0.01 < rate <= default
    assert rate == default or rate * max_rounds(table, rate, most_trees=trees) >= 38


@pytest.mark.parametrize("name", BOOSTERS)
def test_a_fit_of_few_rows_is_never_expected_to_take_seconds(name: str) -> None:
    table = shape(160)
    space = SearchSpace([LEARNERS[name]], table)
    slowest = {"learning_rate": 0.01, PENALTIES[name]: 100.0, "depth": 9, "max_depth": 10}
    configuration = space.complete(name, slowest)
    assert space.expected_seconds(configuration) < 1.0
