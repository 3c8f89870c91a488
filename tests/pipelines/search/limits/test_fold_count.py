from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.data.splitting.splits import REPEAT_ROWS, most_folds
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Budget
from espalier.pipelines.search.limits.fold_count import ONE_SPLIT_FROM_ROWS, affordable_folds


def shape(n_rows, n_columns=20, n_classes=2):
    problem = ProblemKind.BINARY if n_classes == 2 else ProblemKind.MULTICLASS
    return DatasetShape(problem=problem, n_rows=n_rows, n_columns=n_columns, n_classes=n_classes)


def folds(seconds, n_workers=2, rows=10_000, classes=2, **more):
    table = shape(rows, n_classes=classes)
    return affordable_folds(table, Budget(seconds=seconds, **more), n_workers)


def test_a_table_of_many_classes_gets_one_split_in_a_minute_and_folds_in_an_hour():
    assert folds(60, classes=8) == 1
    assert folds(300, classes=8) == 5
    assert folds(3_600, classes=8) == 8


def test_with_much_time_there_are_eight_folds_and_folds_from_twenty_thousand_rows_on():
    assert [folds(seconds, rows=5_000) for seconds in (120, 300, 3_600)] == [5, 5, 8]
    assert [folds(seconds, rows=30_000) for seconds in (60, 300, 3_600)] == [1, 3, 8]
    assert folds(3_600, rows=1_000_000) == 1


def test_few_rows_whose_folds_are_drawn_twice_get_no_more_of_them():
    assert folds(3_600, rows=REPEAT_ROWS - 1) == 5
    assert folds(3_600, rows=REPEAT_ROWS) == 8


def test_a_small_table_keeps_folds_however_short_the_time():
    assert folds(1, rows=ONE_SPLIT_FROM_ROWS - 1, classes=30) == 3
    assert folds(1, rows=ONE_SPLIT_FROM_ROWS, classes=30) == 1
    assert folds(60, rows=1_000) == 5


def test_long_texts_take_time_that_folds_would_need():
    reviews = replace(shape(4_000, n_columns=1), n_text=1, text_length=400.0)
    few = Budget(seconds=20)
    assert affordable_folds(replace(reviews, text_length=4.0), few, 2) == 5
    assert affordable_folds(reviews, few, 2) == 3


def test_few_trials_that_are_asked_for_need_not_so_much_time():
    assert folds(60, classes=8) == 1
    assert folds(60, classes=8, trials=3) == 5


def test_networks_alone_have_one_split_until_there_is_time_for_many_of_them():
    pictures = replace(shape(1_500, n_classes=10), n_pixels=1, pixel_side=24)

    def taken(seconds, **more):
        budget = Budget(seconds=seconds, trials=None if seconds else 4)
        return affordable_folds(pictures, budget, 2, network_seconds=80.0, **more)

    assert [taken(seconds) for seconds in (60.0, 300.0, 900.0)] == [1, 1, 3]
    assert taken(None) == most_folds(1_500, 20)
    assert taken(60.0, serving="bagged") == most_folds(1_500, 20)
    assert affordable_folds(pictures, Budget(seconds=60.0), 2) == 3  # beside other families


def test_without_a_clock_and_for_fold_models_that_serve_the_rows_decide():
    table = shape(10_000, n_classes=30)
    assert affordable_folds(table, Budget(trials=3), 1) == 5
    assert affordable_folds(table, Budget(seconds=5), 1, serving="bagged") == 5


@given(
    rows=st.integers(2, 10**6),
    columns=st.integers(1, 3_000),
    classes=st.integers(2, 50),
    seconds=st.floats(1, 10**5),
    workers=st.integers(1, 64),
)
def test_more_time_or_workers_never_mean_fewer_folds(rows, columns, classes, seconds, workers):
    table = shape(rows, columns, classes)
    some = affordable_folds(table, Budget(seconds=seconds), workers)
    assert some in {1, 3, 5, 8}
    assert some <= affordable_folds(table, Budget(seconds=2 * seconds), workers)
    assert some <= affordable_folds(table, Budget(seconds=seconds), 2 * workers)


def test_twenty_thousand_columns_take_time_however_few_the_rows():
    minute = Budget(seconds=60.0)
    assert affordable_folds(shape(240, n_columns=2_000), minute, 2) == most_folds(240, 2_000)
    assert affordable_folds(shape(240, n_columns=20_000), minute, 2) == 3
    assert affordable_folds(shape(240, n_columns=20_000), Budget(seconds=3600.0), 2) > 3
