"""Contributions are Shapley values: they add up, and a column without influence has none."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.explain.effects.contributions import explain_row


@pytest.fixture(scope="module")
def background():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": rng.normal(size=20),
            "b": rng.normal(size=20),
            "word": rng.choice(["x", "y"], size=20),
            "when": pd.date_range("2024-01-01", periods=20),
            "idle": rng.integers(0, 5, size=20),
        }
    )


def row(**cells):
    usual = {"a": 1.0, "b": -1.0, "word": "z", "when": pd.Timestamp("2025-01-01"), "idle": 2.5}
    return pd.DataFrame([usual | cells])


def test_an_additive_answer_is_split_into_its_terms(background):
    found = explain_row(
        lambda table: 3.0 * table["a"].to_numpy(float) + 5.0 * (table["word"] == "z").to_numpy(),
        row(),
        background,
    )
    assert found.columns["word"] == pytest.approx(5.0)
    assert found.answer == pytest.approx(8.0)
    assert found.base + sum(found.columns.values()) == pytest.approx(found.answer)
    assert found.columns["idle"] == found.columns["when"] == found.columns["b"] == 0.0
    assert next(iter(found.columns)) == "word"


def test_an_interaction_is_shared_equally(background):
    constant = background.assign(a=0.0, b=0.0)
    found = explain_row(
        lambda table: table["a"].to_numpy(float) * table["b"].to_numpy(float),
        row(a=2.0, b=3.0),
        constant,
    )
    assert found.columns["a"] == pytest.approx(3.0)
    assert found.columns["b"] == pytest.approx(3.0)


def test_the_same_seed_gives_the_same(background):
    def answer(table):
        return np.sin(table["a"].to_numpy(float)) * table["b"].to_numpy(float)

    first, second = (explain_row(answer, row(), background, seed=1) for _ in range(2))
    assert first.columns == second.columns
    assert explain_row(answer, row(), background, seed=2).columns != first.columns


def test_many_columns_stay_within_the_rows_that_are_predicted():
    names = [f"c{number}" for number in range(900)]
    wide = pd.DataFrame(np.zeros((3, 900)), columns=names)
    asked = []

    def answer(table):
        asked.append(len(table))
        return table.to_numpy(float).sum(axis=1)

    found = explain_row(answer, wide.head(1) + 1.0, wide)
    assert asked == [2 * 901]
    assert sum(found.columns.values()) == pytest.approx(900.0)
