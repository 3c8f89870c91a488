import numpy as np
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.search.aims import THE_SCORE, Aims
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus
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


def test_measured_costs_are_those_of_the_trials():
    cell = every_cell(choices_space())[0]
    measured = [
        TrialResult(
            trial=Trial(number=number, configuration=cell, seed=0),
            status=TrialStatus.FAILED,
            row_ms=row_ms,
            size_mb=size_mb,
        )
        for number, (row_ms, size_mb) in enumerate([(2.0, 0.5), (None, None)])
    ]
    costs = Aims(costs=("size", "latency")).of_results(measured)
    np.testing.assert_array_equal(costs, [[0.5, 2.0], [np.inf, np.inf]])


def test_a_cost_that_nobody_measures_is_refused_with_what_there_is():
    with pytest.raises(UserError, match="unknown objective 'weight'; choose from: score, latency"):
        Aims(costs=("weight",))
    with pytest.raises(UserError, match="at most three"):
        Aims(costs=("size", "size"))
