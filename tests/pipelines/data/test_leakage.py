import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.leakage import count_duplicates, scan_leakage

N = 600


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def honest(rng):
    return pd.DataFrame({"a": rng.normal(size=N), "b": rng.choice(["u", "v"], N)})


def scan(table, **options):
    return {
        each.column: each
        for each in scan_leakage(assemble(table, target="y", **options).dataset, seed=0)
    }


def test_an_honest_table_has_no_findings(rng):
    table = honest(rng)
    assert scan(table.assign(y=(table["a"] + rng.normal(size=N) > 0))) == {}
    assert scan(table.assign(y=table["a"] + rng.normal(size=N))) == {}


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_easy_problems_are_not_suspicious(load):
    frame = load(as_frame=True).frame
    assert scan(frame.rename(columns={"target": "y"})) == {}


def test_a_renaming_of_the_classes_is_dropped(rng):
    y = rng.choice(["no", "yes", "maybe"], N)
    table = honest(rng).assign(y=y, code=pd.Series(y).map({"no": 4, "yes": 9, "maybe": 1}))
    found = scan(table)
    assert list(found) == ["code"]
    assert (found["code"].kind, found["code"].action) == ("copy", "drop")


def test_a_value_missing_exactly_for_one_class_is_dropped(rng):
    y = rng.random(N) < 0.3
    when = pd.Series(pd.date_range("2020", periods=N)).where(y)
    found = scan(honest(rng).assign(y=y, churned_on=when))
    assert (found["churned_on"].kind, found["churned_on"].action) == ("missingness", "drop")


@pytest.mark.parametrize("copy", [lambda y: y, lambda y: 3 - 2 * y, np.exp, lambda y: -(y**3)])
def test_a_number_that_is_the_target_bent_or_rescaled_is_dropped(rng, copy):
    y = rng.normal(size=N)
    found = scan(honest(rng).assign(y=y, other=copy(y)))
    assert list(found) == ["other"]
    assert found["other"].action == "drop"


@pytest.mark.parametrize("bent", [lambda y: 100 * y, lambda y: 32 + 1.8 * y, np.exp])
def test_a_formula_of_the_only_column_is_learned_and_a_copy_is_not(rng, bent):
    y = rng.normal(size=N)
    found = scan(pd.DataFrame({"y": y, "only": bent(y)}))
    assert found["only"].action == "warn"
    assert "no other column is left" in found["only"].reason
    found = scan(pd.DataFrame({"y": y, "only": bent(y), "again": y}))
    assert (found["only"].action, found["again"].action) == ("warn", "drop")
    assert scan(pd.DataFrame({"y": y, "only": y}))["only"].action == "drop"


def test_a_nearly_perfect_column_is_only_warned_about(rng):
    y = rng.choice(["no", "yes"], N)
    almost = np.where(np.arange(N) % 250 == 0, np.where(y == "no", "yes", "no"), y)
    found = scan(honest(rng).assign(y=y, almost=almost))
    assert (found["almost"].kind, found["almost"].action) == ("strong", "warn")
    number = rng.normal(size=N)
    found = scan(honest(rng).assign(y=number, close=number + 0.01 * rng.normal(size=N)))
    assert found["close"].action == "warn"


def test_one_row_that_differs_is_enough_not_to_drop(rng):
    y = rng.choice(["no", "yes"], 9000)
    other = y.copy()
    other[4321] = "yes" if y[4321] == "no" else "no"
    table = pd.DataFrame({"a": rng.normal(size=9000), "other": other, "y": y})
    assert scan(table)["other"].action == "warn"


def test_few_rows_say_nothing(rng):
    table = honest(rng).iloc[:15].assign(y=[0, 1, 0] * 5, copy=[0, 1, 0] * 5)
    assert scan(table, min_rows=2) == {}


def test_holdout_rows_that_repeat_a_search_row_are_counted(rng):
    table = honest(rng).assign(y=rng.integers(0, 2, N))
    table.iloc[500:510] = table.iloc[:10].to_numpy()
    table.loc[505, "y"] = 1 - table.loc[505, "y"]
    table.loc[506, "b"] = "w"
    dataset = assemble(table, target="y", task="binary").dataset
    assert count_duplicates(dataset, np.arange(500), np.arange(500, N)) == 8


def test_missing_cells_are_equal_to_each_other(rng):
    table = honest(rng).assign(y=rng.integers(0, 2, N))
    table.loc[[3, 550], ["a", "b"]] = np.nan
    table.loc[550, "y"] = table.loc[3, "y"]
    dataset = assemble(table, target="y").dataset
    assert count_duplicates(dataset, np.arange(500), np.arange(500, N)) == 1
