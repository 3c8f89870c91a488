"""Pairs of columns whose law is known."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.explain.effects.interactions import interactions
from espalier.pipelines.resources.budget import NEVER, Deadline


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.uniform(-1, 1, 300),
            "z": rng.uniform(-1, 1, 300),
            "kind": rng.choice(["plain", "fine"], 300),
        }
    )


def test_a_sum_has_no_interaction(table):
    found = interactions(
        lambda t: (t["x"] + 2 * t["z"]).to_numpy(), table, ["x", "z"], seed=0, deadline=NEVER
    )
    assert len(found) == 1
    assert found[0].size == pytest.approx(0.0, abs=1e-12)
    assert found[0].share == pytest.approx(0.0, abs=1e-12)


def test_a_product_is_all_interaction_and_comes_first(table):
    def answer(t):
        return (t["x"] * t["z"]).to_numpy() + (t["kind"] == "fine").to_numpy()

    found = interactions(answer, table, ["kind", "x", "z"], seed=0, deadline=NEVER)
    assert {found[0].across, found[0].beside} == {"x", "z"}
    assert found[0].share > 0.9
    assert [each.size for each in found] == sorted((each.size for each in found), reverse=True)
    assert len(found[0].means) == len(found[0].beside_values)
    assert len(found[0].means[0]) == len(found[0].across_values)


def test_categories_are_beside_numbers_unless_they_may_not_be_quoted(table):
    def answer(t):
        return (t["x"] * (t["kind"] == "fine")).to_numpy()

    (found,) = interactions(answer, table, ["kind", "x"], seed=0, deadline=NEVER)
    assert (found.across, found.beside) == ("x", "kind")
    assert set(found.beside_values) == {"plain", "fine"}
    hidden = interactions(answer, table, ["kind", "x"], seed=0, deadline=NEVER, names_values=False)
    assert hidden == ()


@pytest.mark.parametrize("row_seconds", [1e-4, 1e-3, 1e-1])
def test_a_slow_model_is_never_asked_too_long(table, row_seconds):
    class Clock:
        now = 0.0

    def answer(some):
        Clock.now += row_seconds * len(some)
        return some["x"].to_numpy()

    interactions(
        answer,
        table,
        ["x", "z", "kind"],
        seed=0,
        deadline=Deadline(2.0, lambda: Clock.now),
        row_seconds=row_seconds,
    )
    assert Clock.now <= 2.0
