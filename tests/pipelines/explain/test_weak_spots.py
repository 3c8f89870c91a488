"""Weak slices and worst rows of tables in which they are planted."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.explain.weak_spots import row_losses, weak_slices, worst_rows


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"town": np.repeat(["a", "b", "c", "d"], 100), "age": rng.uniform(0, 100, 400)}
    )


def test_a_planted_weakness_is_found_and_noise_is_not(table):
    rng = np.random.default_rng(1)
    losses = rng.exponential(1.0, 400)
    assert weak_slices(table, losses, ["town", "age"]) == ()
    losses[table["town"] == "c"] += 2.0
    found = weak_slices(table, losses, ["town", "age"])
    assert [(each.column, each.value, each.n_rows) for each in found] == [("town", "c", 100)]
    assert found[0].loss == pytest.approx(losses[200:300].mean())
    assert found[0].loss_elsewhere < 1.3


def test_ranges_of_numbers_are_slices(table):
    losses = np.where(table["age"] > 75, 2.0, 1.0) + np.random.default_rng(2).normal(0, 0.1, 400)
    found = weak_slices(table, losses, ["age"])
    assert found[0].column == "age"
    assert 80 < found[0].n_rows <= 100


def test_one_unlucky_group_is_no_weak_slice(table):
    """All rows of the slice are of three patients, one of whom is hard to predict."""
    losses = np.random.default_rng(3).exponential(1.0, 400)
    groups = np.arange(400)
    groups[200:300] = np.repeat([1000, 1001, 1002], [40, 30, 30])
    losses[200:240] += 3.0
    assert weak_slices(table, losses, ["town"])
    assert weak_slices(table, losses, ["town"], groups=groups) == ()


def test_where_cells_may_not_be_quoted_only_ranges_are_looked_at(table):
    losses = np.random.default_rng(1).exponential(1.0, 400)
    losses[table["town"] == "c"] += 2.0
    assert weak_slices(table, losses, ["town", "age"], names_values=False) == ()


def test_the_surest_wrong_answers_are_the_worst_rows():
    truth = np.array([0, 1, 1, 0])
    scores = np.array([[0.9, 0.1], [0.99, 0.01], [0.6, 0.4], [0.45, 0.55]])
    codes = scores.argmax(axis=1)
    found = worst_rows(
        truth,
        scores,
        row_losses(truth, scores),
        classes=np.array(["no", "yes"]),
        codes=codes,
        positions=np.array([10, 20, 30, 40]),
    )
    assert [each.row for each in found] == [21, 31, 41]
    assert (found[0].truth, found[0].answer, found[0].sureness) == ("yes", "no", 0.99)
    assert found[0].loss == pytest.approx(-np.log(0.01))


def test_in_regression_they_are_the_largest_errors():
    truth, scores = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.5, 1.0])
    losses = row_losses(truth, scores)
    found = worst_rows(truth, scores, losses, classes=None, codes=None, positions=np.arange(3))
    assert [(each.row, each.truth, each.answer) for each in found] == [
        (3, "3", "1"),
        (2, "2", "2.5"),
    ]
