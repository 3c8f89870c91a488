"""What each column of a table holds, in a line."""

import numpy as np
import pandas as pd

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.explain.columns import FEWEST_ALIKE, summarise_columns
from espalier.pipelines.problem import ProblemKind


def dataset(n=200):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "x": np.where(np.arange(n) % 4 == 0, np.nan, np.arange(n, dtype=float)),
            "town": pd.Series(["Ulm"] * 100 + ["Bonn"] * 95 + ["Isny"] * 5, dtype=object),
            "day": pd.date_range("2024-01-01", periods=n).astype("datetime64[ns]"),
            "note": pd.Series([f"text {row}" for row in range(n)], dtype=object),
            "picture": pd.Series([np.zeros(3, np.float16)] * n, dtype=object),
        }
    )
    roles = dict(
        zip(
            X.columns,
            (
                ColumnRole.NUMERIC,
                ColumnRole.CATEGORICAL,
                ColumnRole.DATETIME,
                ColumnRole.TEXT,
                ColumnRole.IMAGE,
            ),
            strict=True,
        )
    )
    return Dataset(X=X, y=rng.normal(size=n), problem=ProblemKind.REGRESSION, roles=roles)


def test_a_line_says_what_is_missing_distinct_and_in_the_middle():
    by_name = {each.name: each for each in summarise_columns(dataset())}
    assert by_name["x"].missing == 0.25
    assert by_name["x"].n_distinct == 150
    assert "middle 100" in by_name["x"].said
    assert len(by_name["x"].shape) == 12
    assert by_name["day"].said == "2024-01-02 to 2024-07-16, middle 2024-04-09"
    assert by_name["day"].role == "date"
    assert by_name["picture"].n_distinct is None


def test_values_that_few_rows_have_are_not_quoted_and_none_where_none_may_be():
    (town,) = [each for each in summarise_columns(dataset()) if each.name == "town"]
    assert town.said == "Ulm 50%, Bonn 48%"
    assert FEWEST_ALIKE > 5
    (hidden,) = [
        each for each in summarise_columns(dataset(), names_values=False) if each.name == "town"
    ]
    assert hidden.said == ""
    (note,) = [each for each in summarise_columns(dataset()) if each.name == "note"]
    assert note.said == ""


def test_the_most_important_columns_come_first():
    found = summarise_columns(dataset(), first=["note", "gone"])
    assert [each.name for each in found][:2] == ["note", "x"]
