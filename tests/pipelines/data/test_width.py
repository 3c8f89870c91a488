"""Wide tables and long cells: the work grows with the table, not with columns times calls."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data import prepare as preparing
from espalier.pipelines.data.parsing import column_plans
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.parsing.text_cells import LONGEST_TEXT
from espalier.pipelines.data.prepare import prepare

N_WIDE = 2_000


@pytest.fixture
def planned(monkeypatch):
    """Names of the columns that are planned one by one."""
    names = []

    def plan_column(name, *arguments, **options):
        names.append(name)
        return column_plans.plan_column(name, *arguments, **options)

    monkeypatch.setattr(preparing, "plan_column", plan_column)
    return names


def test_plain_numbers_of_a_wide_table_are_planned_together(planned):
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(50, N_WIDE)), columns=[f"c{at}" for at in range(N_WIDE)])
    wide["word"] = rng.choice(["a", "b"], 50)
    made, features = prepare(wide, target=None)
    assert planned == ["word"]
    assert features.shape == (50, N_WIDE + 1)
    again = made.apply(wide.iloc[:5])
    np.testing.assert_array_equal(again["c7"], wide["c7"].iloc[:5])


def odd_table():
    rng = np.random.default_rng(1)
    n = 60
    table = pd.DataFrame(
        {
            "float": rng.normal(size=n),
            "whole": rng.integers(0, 300, n),
            "flag": rng.random(n) < 0.5,
            "constant": np.full(n, 7),
            "empty": np.full(n, np.nan),
            "endless": np.full(n, np.inf),
            "with inf": np.where(np.arange(n) == 3, -np.inf, rng.normal(size=n)),
            "one and gaps": np.where(np.arange(n) % 2, np.nan, 4.0),
            "row": np.arange(n),
            "from one": np.arange(1, n + 1),
            "counts up late": np.arange(5, n + 5),
            "customer_id": rng.permutation(n) + 1000,
            "day": [20240100 + (at % 28) + 1 for at in range(n)],
            "like a day": rng.integers(18000101, 21991231, n),
            "small": rng.normal(size=n).astype(np.float32),
            "tiny": rng.integers(0, 2, n).astype(np.uint8),
            "gaps": np.where(np.arange(n) % 5, rng.normal(size=n), np.nan),
            "word": rng.choice(["u", "v", "w"], n),
        }
    )
    return table.assign(copy=table["float"], copied_whole=table["whole"].astype(float))


@pytest.mark.parametrize("n", [1, 2, 3, 60])
def test_they_are_read_as_they_are_one_by_one(monkeypatch, planned, n):
    table = odd_table().head(n)
    together, features = prepare(table, target="word")
    n_planned = len(planned)
    monkeypatch.setattr(preparing, "plan_plain_numbers", lambda *_: {})
    alone, others = prepare(table, target="word")
    assert together == alone
    pd.testing.assert_frame_equal(features, others)
    assert n < 60 or n_planned < len(planned) - n_planned


def test_a_long_text_is_cut_once_when_it_is_read():
    rng = np.random.default_rng(2)
    words = np.array([f"word{at}" for at in range(500)])
    long = [" ".join(rng.choice(words, 40_000)) for _ in range(40)]
    table = pd.DataFrame({"text": long, "x": np.arange(40.0) ** 2})
    made, features = prepare(table, target=None)
    assert made.roles["text"] is ColumnRole.TEXT
    assert features["text"].str.len().max() == LONGEST_TEXT
    assert list(features["text"]) == [cell[:LONGEST_TEXT] for cell in long]
    assert list(made.apply(table.head(3))["text"]) == list(features["text"].head(3))


def test_what_a_column_of_long_texts_is_told_by_is_short(monkeypatch):
    seen = []

    def plan_text(name, cells, decimal):
        seen.extend(len(value) for value in cells.values)
        return plan(name, cells, decimal)

    plan = column_plans._plan_text
    monkeypatch.setattr(column_plans, "_plan_text", plan_text)
    prepare(pd.DataFrame({"text": [f"{at} " * 50_000 for at in range(40)]}), target=None)
    assert seen
    assert max(seen) <= LONGEST_TEXT


def test_long_categories_that_agree_far_stay_apart():
    common = "x" * (3 * LONGEST_TEXT)
    table = pd.DataFrame({"kind": [common + "a", common + "b"] * 20, "x": np.arange(40.0) ** 2})
    made, features = prepare(table, target=None)
    assert made.roles["kind"] is ColumnRole.CATEGORICAL
    assert features["kind"].nunique() == 2
