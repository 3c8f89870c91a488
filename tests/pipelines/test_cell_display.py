"""Cells are quoted as they are to their owner, and by their shape in what flows tell."""

from contextlib import nullcontext
from contextvars import copy_context

import pandas as pd
import pytest

from espalier.pipelines.cell_display import cells_hidden, listed_cells, quoted_cell, without_cells
from espalier.pipelines.data.parsing.decimal_signs import notation_complaint
from espalier.pipelines.data.parsing.numbers import NumberStyle
from espalier.pipelines.data.target import infer_problem
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.drift.drift import CellKind, ColumnDrift


def test_the_shape_of_a_cell_is_told_and_not_the_cell():
    assert quoted_cell("Smith, 41") == "Smith, 41"
    assert listed_cells(["Ann", "Bob"]) == "Ann, Bob"
    with cells_hidden():
        assert quoted_cell("Smith, 41") == "Xxxxx, 99"
        assert listed_cells(["Ann", "Bob"]) == ""
        found = without_cells("could not convert string to float: 'Paris 3'")
        assert found == "could not convert string to float: 'Xxxxx 9'"
        assert copy_context().run(quoted_cell, "Smith") == "Xxxxx"  # as in a thread of ours
    assert quoted_cell("Smith, 41") == "Smith, 41"


def test_a_target_that_is_no_number_is_not_quoted_in_a_flow():
    y = pd.Series([*map(str, range(40)), "Smith"], name="y")
    with pytest.raises(UserError, match="'Smith'"):
        infer_problem(y, "regression")
    with cells_hidden(), pytest.raises(UserError, match="'Xxxxx'"):
        infer_problem(y, "regression")


@pytest.mark.parametrize("hidden", [False, True])
def test_an_ambiguous_number_is_quoted_by_its_shape_in_a_flow(hidden):
    with cells_hidden() if hidden else nullcontext():
        said = notation_complaint(["7,25", "8,75"], NumberStyle())
    assert ("'9,99'" in said) == hidden
    assert ("'7,25'" in said) != hidden


def test_new_categories_are_counted_and_not_named_in_a_flow():
    drift = ColumnDrift(
        column="doctor",
        kind=CellKind.CATEGORY,
        index=0.5,
        p_value=0.0,
        missing_before=0.0,
        missing_now=0.0,
        distance=0.3,
        new_share=0.25,
        new_levels=("Smith",),
    )
    assert "Smith" in drift.text
    with cells_hidden():
        assert drift.text.endswith("25 % never seen")
