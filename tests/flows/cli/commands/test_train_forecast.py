"""What cannot be forecast is refused in one line, before a server or a worker is started."""

import numpy as np
import pandas as pd
import pytest

ASKED = ("--target", "units", "--time-column", "day", "--horizon", "7")


@pytest.fixture(scope="module")
def table():
    """Return thirty days of two stores."""
    days = pd.date_range("2025-01-01", periods=30).strftime("%Y-%m-%d")
    both = [
        pd.DataFrame({"store": name, "day": days, "units": np.arange(30.0)}) for name in ("a", "b")
    ]
    return pd.concat(both, ignore_index=True)


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({}, (), "appear twice, such as 2025-01-01"),
        ({}, ("--series-column", "shop"), "the table lacks the column(s) 'shop'"),
        ({}, ("--series-column", "store", "--metric", "masse"), "did you mean 'mase'?"),
        ({}, ("--series-column", "store", "--families", "arima"), "unknown family 'arima'"),
        ({}, ("--series-column", "store", "--freq", "fortnight"), "freq='fortnight' is not known"),
        ({}, ("--series-column", "store", "--known-covariates", "price"), "'price'"),
        ({}, ("--series-column", "store", "--folds", "3"), "--folds is an option of tables"),
        ({"units": "many"}, ("--series-column", "store"), "'units' must hold numbers"),
        ({"day": "soon"}, ("--series-column", "store"), "'day' cannot be read as times"),
        ({"store": None}, ("--series-column", "store"), "has empty cells"),
        ({"units": None}, ("--series-column", "store"), "no series has a value"),
    ],
)
def test_bad_input_is_refused_before_work_starts(
    espalier_in, tmp_path, table, change, options, said
):
    table.assign(**change).to_csv(tmp_path / "sales.csv", index=False)
    here = espalier_in(tmp_path)
    result = here.call("train", "sales.csv", *ASKED, *options)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert not (here.home / "prefect").exists()


def test_series_that_are_too_short_are_refused(espalier_in, tmp_path, table):
    table.groupby("store").head(3).to_csv(tmp_path / "sales.csv", index=False)
    result = espalier_in(tmp_path).call("train", "sales.csv", *ASKED, "--series-column", "store")
    assert result.exit_code == 2
    assert "has 3 value(s); at least 4 are needed" in result.stderr
