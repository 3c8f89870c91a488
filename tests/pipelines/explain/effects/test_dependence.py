"""Partial dependence of answers whose law is known."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.explain.effects.dependence import FEWEST_ROWS, GRID, dependences
from espalier.pipelines.resources.budget import NEVER, Deadline


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.uniform(-1, 1, 300),
            "z": rng.uniform(-1, 1, 300),
            "kind": rng.choice(["plain", "fine"], 300),
            "whole": rng.integers(0, 4, 300),
            "note": [f"text {place}" for place in range(300)],
            "same": 1.0,
        }
    )


def test_a_line_is_a_line_with_the_same_change_for_every_row(table):
    found = dependences(lambda t: 3.0 * t["x"].to_numpy(), table, ["x"], seed=0, deadline=NEVER)[0]
    assert len(found.values) == GRID
    assert found.means == pytest.approx([3.0 * each for each in found.values])
    assert found.low == pytest.approx(found.means)
    assert found.high == pytest.approx(found.means)
    assert found.is_numeric


def test_an_interaction_widens_the_band(table):
    found = dependences(
        lambda t: (t["x"] * t["z"]).to_numpy(), table, ["x"], seed=0, deadline=NEVER
    )[0]
    assert found.high[0] - found.low[0] > 0.5
    middle = int(np.argmin(np.abs(found.values)))
    assert found.high[middle] - found.low[middle] < 0.3


def test_categories_are_their_values_and_whole_numbers_stay_whole(table):
    seen = []

    def answer(some):
        seen.append(some["whole"].dtype)
        return (some["kind"] == "fine").to_numpy(dtype=float) + some["whole"].to_numpy()

    found = dependences(answer, table, ["kind", "whole"], seed=0, deadline=NEVER)
    by_name = {each.column: each for each in found}
    means = dict(zip(by_name["kind"].values, by_name["kind"].means, strict=True))
    assert means["fine"] - means["plain"] == pytest.approx(1.0)
    assert by_name["whole"].values == (0.0, 1.0, 2.0, 3.0)
    assert {dtype.kind for dtype in seen} == {"i"}


def test_texts_constants_and_what_may_not_be_quoted_are_left_out(table):
    columns = ["note", "same", "kind", "x"]

    def names(**options):
        found = dependences(
            lambda t: t["x"].to_numpy(), table, columns, seed=0, deadline=NEVER, **options
        )
        return [each.column for each in found]

    assert names() == ["kind", "x"]
    assert names(names_values=False) == ["x"]


@pytest.mark.parametrize("row_seconds", [1e-4, 1e-3, 3e-3, 1e-1])
def test_a_slow_model_is_asked_less_and_never_too_long(table, row_seconds):
    class Clock:
        now = 0.0

    def answer(some):
        Clock.now += row_seconds * len(some)
        return some["x"].to_numpy()

    found = dependences(
        answer,
        table,
        ["x", "z", "whole"],
        seed=0,
        deadline=Deadline(2.0, lambda: Clock.now),
        row_seconds=row_seconds,
    )
    assert Clock.now <= 2.0
    assert all(each.n_rows >= FEWEST_ROWS for each in found)
