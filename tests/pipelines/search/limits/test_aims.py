import numpy as np
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.search.limits.aims import THE_SCORE, Aims
from tests.pipelines.choices_space import choices_space, every_cell, n_parameters


def test_limits_hold_for_what_is_known_before_training():
    cells = every_cell(choices_space())
    aims = Aims(costs=("parameters",), known=n_parameters, limits=(4.0,))
    np.testing.assert_array_equal(aims.within(cells), n_parameters(cells)[:, 0] <= 4.0)
    assert THE_SCORE.within(cells).all()


def test_what_cannot_be_built_is_not_within_even_without_limits():
    cells = every_cell(choices_space())[:3]
    aims = Aims(known=lambda each: np.where(np.arange(len(each))[:, None] == 1, np.inf, 0.0))
    assert aims.within(cells).tolist() == [True, False, True]


def test_costs_are_those_that_are_known():
    cells = every_cell(choices_space())
    aims = Aims(costs=("parameters",), known=n_parameters)
    np.testing.assert_array_equal(aims.of(cells), n_parameters(cells))
    assert THE_SCORE.of(cells).shape == (len(cells), 0)


def test_aims_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="nothing says what 'weight' is"):
        Aims(costs=("weight",))
    with pytest.raises(UserError, match="at most three different costs"):
        Aims(costs=("size", "size"), known=n_parameters)
    with pytest.raises(ValueError, match="a limit, or None, for each cost"):
        Aims(costs=("size",), known=n_parameters, limits=(1.0, 2.0))
