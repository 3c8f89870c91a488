import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.errors import UserError

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["2020-01-01", "1,234", "$5", "12%", "007", "yes", "n/a", "12:30", "1/2/2020"]),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    st.decimals().filter(lambda number: not number.is_snan()),  # pandas cannot hold it
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=2),
)
COLUMN = st.one_of(
    st.lists(CELLS, min_size=8, max_size=8),
    st.lists(st.sampled_from(["a", "b", None]), min_size=8, max_size=8),
    st.lists(st.datetimes(), min_size=8, max_size=8),
    st.lists(st.floats(), min_size=8, max_size=8),
)
NAMES = st.one_of(st.text(max_size=2), st.integers(0, 2), st.none())


def attempt(function):
    """Return what a function returns, or None and why it refused."""
    try:
        return function(), ""
    except UserError as error:
        return None, str(error)


@settings(max_examples=80, deadline=None)
@given(st.lists(COLUMN, min_size=1, max_size=4), st.data())
def test_any_table_is_prepared_or_refused_and_reads_alike_row_by_row(columns, data):
    names = data.draw(st.lists(NAMES, min_size=len(columns), max_size=len(columns)))
    table = pd.DataFrame({i: pd.Series(cells, dtype=object) for i, cells in enumerate(columns)})
    table.columns = pd.Index(names, dtype=object)
    prepared, refusal = attempt(lambda: prepare(table, target=None))
    if prepared is None:
        assert "no feature is left" in refusal
        return
    preparation, frame = prepared
    assert list(frame.columns) == list(preparation.roles)
    for name, role in preparation.roles.items():
        column = frame[name]
        if role is ColumnRole.NUMERIC:
            assert column.dtype == np.float64
            assert not np.isinf(column).any()
        elif role is ColumnRole.DATETIME:
            assert str(column.dtype) == "datetime64[ns]"
        else:
            assert all(isinstance(cell, str) or cell is np.nan for cell in column)
        assert column.notna().any()
    pd.testing.assert_frame_equal(preparation.apply(table), frame)
    row = data.draw(st.integers(0, len(table) - 1))
    alone = preparation.apply(table.iloc[[row]])
    pd.testing.assert_frame_equal(alone, frame.iloc[[row]].reset_index(drop=True))
