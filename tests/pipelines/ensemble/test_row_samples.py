from espalier.pipelines.ensemble.choose import DECISION_CELLS, FITTING_CELLS
from espalier.pipelines.ensemble.row_samples import FEWEST_SAMPLED_ROWS, sampled_rows


def test_a_hundred_classes_get_more_rows_than_the_fewest():
    assert sampled_rows(FITTING_CELLS, 100) == 2_000
    assert sampled_rows(DECISION_CELLS, 100) > FEWEST_SAMPLED_ROWS


def test_few_classes_get_what_their_cells_allow():
    assert sampled_rows(FITTING_CELLS, 1) == sampled_rows(FITTING_CELLS, 2) == FITTING_CELLS
    assert sampled_rows(FITTING_CELLS, 23) == FITTING_CELLS // 23


def test_the_cells_of_many_classes_are_bounded():
    for n_classes in (100, 300, 400):
        assert n_classes * sampled_rows(FITTING_CELLS, n_classes) <= 10 * FITTING_CELLS
    assert sampled_rows(FITTING_CELLS, 5_000) == FEWEST_SAMPLED_ROWS
