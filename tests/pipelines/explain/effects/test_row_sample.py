"""Contributions to a sample of rows."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.explain.effects.row_sample import SAMPLE_ROWS, column_pushes
from espalier.pipelines.resources.budget import NEVER, Deadline


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.uniform(-1, 1, 300),
            "idle": rng.uniform(-1, 1, 300),
            "kind": rng.choice(["plain", "fine"], 300),
        }
    )


def test_of_a_sum_each_column_contributes_its_part(table):
    def answer(some):
        return 3.0 * some["x"].to_numpy() + (some["kind"] == "fine").to_numpy()

    found = column_pushes(answer, table, list(table.columns), seed=0, deadline=NEVER)
    assert [each.column for each in found] == ["x", "kind"]  # a column without effect is left out
    ranked = np.array(found[0].points, dtype=float)
    assert len(ranked) == SAMPLE_ROWS
    assert np.corrcoef(ranked[:, 0], ranked[:, 1])[0, 1] > 0.97  # larger x, larger contribution
    assert {rank for _, rank in found[1].points} == {None}  # kinds have no order


def test_there_is_none_without_time_or_with_one_column(table):
    def answer(some):
        return some["x"].to_numpy()

    over = Deadline.after(-1.0)
    assert column_pushes(answer, table, ["x", "idle"], seed=0, deadline=over) == ()
    assert column_pushes(answer, table, ["x"], seed=0, deadline=NEVER) == ()


def test_missing_cells_have_no_rank(table):
    table.loc[::2, "x"] = np.nan

    def answer(some):
        return some["x"].fillna(0.0).to_numpy()

    found = column_pushes(answer, table, ["x", "idle"], seed=0, deadline=NEVER)
    ranks = [rank for _, rank in found[0].points]
    assert None in ranks
    assert any(rank is not None for rank in ranks)
