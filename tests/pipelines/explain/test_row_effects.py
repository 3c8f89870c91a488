import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.explain.row_effects import row_effects


@pytest.fixture
def others():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"a": rng.normal(size=200), "b": rng.normal(size=200), "c": rng.choice(["x", "y"], 200)}
    )


def linear(table):
    return 3.0 * table["a"].to_numpy() - table["b"].to_numpy() + 2.0 * (table["c"] == "x")


def test_of_a_linear_model_each_effect_is_weight_times_distance_from_the_mean(others):
    row = pd.DataFrame({"a": [2.0], "b": [1.0], "c": ["x"]})
    found = row_effects(linear, row, others, seed=0)
    assert [each.name for each in found.effects] == ["a", "b", "c"]
    for each, wanted in zip(
        found.effects,
        [3 * (2 - others.a.mean()), -(1 - others.b.mean()), 2 * (1 - (others.c == "x").mean())],
        strict=True,
    ):
        assert abs(each.effect - wanted) < 4 * each.error


def test_the_effects_add_up_to_the_answer(others):
    def product(table):
        return table["a"].to_numpy() * table["b"].to_numpy() + (table["c"] == "y")

    row = pd.DataFrame({"a": [2.0], "b": [1.5], "c": ["y"]})
    found = row_effects(product, row, others, seed=1)
    assert found.answer == pytest.approx(4.0)
    assert found.usual + sum(each.effect for each in found.effects) == pytest.approx(4.0)


def test_a_column_that_the_model_ignores_has_no_effect(others):
    row = pd.DataFrame({"a": [2.0], "b": [9.0], "c": ["y"]})
    found = row_effects(lambda table: table["a"].to_numpy(), row, others, seed=0)
    effects = {each.name: each.effect for each in found.effects}
    assert effects["b"] == 0.0
    assert effects["c"] == 0.0


def test_the_same_seed_draws_the_same_orders(others):
    row = pd.DataFrame({"a": [2.0], "b": [1.0], "c": ["x"]})
    one, other = (row_effects(linear, row, others, seed=5) for _ in range(2))
    assert one == other


def test_cells_may_be_missing():
    rng = np.random.default_rng(1)
    others = pd.DataFrame({"a": rng.normal(size=20), "b": [None] * 20})
    row = pd.DataFrame({"a": [1.0], "b": [None]})
    found = row_effects(lambda table: table["a"].to_numpy(), row, others, seed=0)
    assert found.answer == 1.0


@pytest.mark.parametrize("n", [0, 2])
def test_more_or_less_than_one_row_is_refused(others, n):
    with pytest.raises(ValueError, match="one row"):
        row_effects(linear, others.head(n), others, seed=0)
