import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.retraining.live_score import labelled_rows, score_live
from espalier.pipelines.metrics.catalogue import METRICS

RMSE, AUC = METRICS["rmse"], METRICS["roc_auc"]


def live(metric, y, predictions, before, width=0.02):
    return score_live(
        metric,
        y,
        predictions,
        before=before,
        before_interval=(before - width, before + width),
        seed=0,
    )


def test_rows_without_a_label_and_of_unknown_classes_are_counted():
    target = pd.Series(["yes", None, " no", "maybe", "yes", ""], name="y")
    found = labelled_rows(target, np.array(["no", "yes"]))
    assert found.rows.tolist() == [0, 2, 4]
    assert found.y.tolist() == [1, 0, 1]
    assert (found.n_unlabelled, found.n_unknown) == (2, 1)


@pytest.mark.parametrize("target", [[0, 1, 1], [0.0, 1.0, 1.0], ["0", "1", "1"]])
def test_a_label_is_known_however_it_is_written(target):
    assert labelled_rows(pd.Series(target), np.array([0, 1])).y.tolist() == [0, 1, 1]
    assert labelled_rows(pd.Series(target), np.array(["0", "1"])).y.tolist() == [0, 1, 1]


def test_numbers_are_taken_as_they_are():
    found = labelled_rows(pd.Series([1.5, np.nan, 2.5]), None)
    assert found.y.tolist() == [1.5, 2.5]
    assert labelled_rows(pd.Series([np.nan, np.nan]), None).n_unlabelled == 2
    with pytest.raises(UserError, match="does not hold numbers"):
        labelled_rows(pd.Series(["a", "b"], name="y"), None)


def test_an_error_that_has_doubled_is_surely_worse():
    rng = np.random.default_rng(0)
    y = rng.normal(size=400)
    same = live(RMSE, y, y + rng.normal(0, 1, 400), 1.0, width=0.1)
    worse = live(RMSE, y, y + rng.normal(0, 2, 400), 1.0, width=0.1)
    assert not same.is_worse(0.0)
    assert worse.is_worse(0.0)
    assert worse.drop == pytest.approx(1.0, abs=0.2)
    assert not worse.is_worse(1.5)
    assert worse.drop_interval[0] < worse.drop < worse.drop_interval[1]


def test_a_smaller_area_under_the_curve_is_a_drop_too():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    guess = np.column_stack([1 - (p := rng.random(300)), p])
    found = live(AUC, y, guess, 0.9)
    assert found.is_worse(0.0)
    assert found.drop == pytest.approx(0.4, abs=0.1)


def test_few_rows_or_one_class_give_no_score():
    p = np.full((100, 2), 0.5)
    assert live(AUC, np.zeros(100, dtype=int), p, 0.9) is None
    assert live(AUC, np.arange(10) % 2, p[:10], 0.9) is None


def test_rows_count_as_much_as_they_weigh():
    rng = np.random.default_rng(0)
    y = rng.normal(size=400)
    off = np.where(np.arange(400) < 200, 3.0, 0.1)
    weight = np.where(off > 1, 0.0, 1.0)
    found = score_live(
        RMSE, y, y + off, before=0.1, before_interval=(0.09, 0.11), seed=0, sample_weight=weight
    )
    assert found.score == pytest.approx(0.1)
    assert found.interval[1] < 0.2


def test_a_drop_of_few_groups_is_as_sure_as_groups_are_few():
    rng = np.random.default_rng(0)
    drops = 0
    for seed in range(100):
        errors = np.repeat(rng.normal(size=12), 25)
        found = score_live(
            RMSE,
            np.zeros(300),
            errors,
            before=1.0,
            before_interval=(0.97, 1.03),
            seed=seed,
            groups=np.repeat(np.arange(12), 25),
        )
        drops += found.is_worse(0.0)
    assert drops <= 6  # two and a half are expected; of rows alone it would be forty
    one = score_live(
        RMSE,
        np.zeros(300),
        errors + 9,
        before=1.0,
        before_interval=(0.97, 1.03),
        seed=0,
        groups=np.zeros(300),
    )
    assert not one.is_worse(0.0)
    assert "no 95 % interval" in one.text
