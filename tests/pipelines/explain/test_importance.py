import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.explain.importance import column_importances
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import NEVER, Deadline

RMSE = get_metric("rmse", ProblemKind.REGRESSION, 1)


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(400, 3)), columns=["much", "little", "nothing"])


def predict(rows):
    return 3.0 * rows["much"].to_numpy() + 0.5 * rows["little"].to_numpy()


def importances(table, *, deadline=NEVER, metric=RMSE, columns=("nothing", "little", "much")):
    y = predict(table)
    return column_importances(
        predict, table, y, columns=columns, metric=metric, seed=0, deadline=deadline
    )


def test_columns_are_ordered_by_what_the_model_loses(table):
    found = importances(table)
    assert [each.name for each in found] == ["much", "little", "nothing"]
    much, little, nothing = found
    # Without it, the error is the distance of two draws of 3 x: 3 sqrt(2).
    assert much.loss == pytest.approx(3 * np.sqrt(2), rel=0.1)
    assert little.loss == pytest.approx(0.5 * np.sqrt(2), rel=0.15)
    assert nothing.loss == 0
    assert much.spread > 0


def test_the_sign_is_the_same_where_higher_is_better(table):
    r2 = importances(table, metric=get_metric("r2", ProblemKind.REGRESSION, 1))
    assert r2[0].name == "much"
    assert r2[0].loss > 1


def test_the_table_is_left_as_it_was_and_the_draw_repeats(table):
    before = table.copy()
    assert importances(table) == importances(table)
    pd.testing.assert_frame_equal(table, before)


def test_what_time_does_not_suffice_for_is_left_out(table):
    assert importances(table, deadline=Deadline(0.0, lambda: 1.0)) == ()
    now = [0.0]

    def slow(rows):
        now[0] += len(rows) / 400  # a second a copy of the table
        return predict(rows)

    few = column_importances(
        slow,
        table,
        predict(table),
        columns=["much", "little", "nothing"],
        metric=RMSE,
        seed=0,
        deadline=Deadline(3.5, lambda: now[0]),
    )
    assert {each.name for each in few} == {"much", "little"}
    assert now[0] == 3.0


def test_where_the_metric_is_not_defined_nothing_is_said(table):
    rmsle = get_metric("rmsle", ProblemKind.REGRESSION, 1)  # needs targets of at least 0
    assert importances(table, metric=rmsle) == ()
