"""Curves and thresholds of rows whose answers are known."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from espalier.pipelines.explain.curves import (
    MOST_POINTS,
    class_curves,
    class_scores,
    threshold_errors,
)

TRUTH = np.array([0, 0, 1, 1])
PROBABILITY = np.array([0.1, 0.6, 0.4, 0.9])


def test_of_four_rows_every_point_is_known():
    found = class_curves(TRUTH, PROBABILITY, positive="yes", threshold=0.5)
    assert found.roc == ((0.0, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0))
    assert found.roc_auc == 0.75
    assert found.precision_recall == ((0.5, 1.0), (0.5, 0.5), (1.0, 2 / 3), (1.0, 0.5))
    assert found.average_precision == pytest.approx(0.5 * 1.0 + 0.5 * 2 / 3)
    assert (found.n_rows, found.n_positive) == (4, 2)


def test_areas_are_those_of_scikit_learn_with_ties_too():
    rng = np.random.default_rng(0)
    probability = rng.integers(0, 30, 2_000) / 30.0
    truth = (rng.uniform(size=2_000) < probability).astype(int)
    found = class_curves(truth, probability, positive="yes", threshold=0.5)
    assert found.roc_auc == pytest.approx(roc_auc_score(truth, probability))
    assert found.average_precision == pytest.approx(average_precision_score(truth, probability))


def test_long_curves_are_thinned_and_keep_their_ends():
    rng = np.random.default_rng(0)
    probability = rng.uniform(size=5_000)
    truth = (rng.uniform(size=5_000) < probability).astype(int)
    found = class_curves(truth, probability, positive="yes", threshold=0.5)
    assert len(found.roc) <= MOST_POINTS
    assert found.roc[0] == (0.0, 0.0)
    assert found.roc[-1] == (1.0, 1.0)


def test_a_threshold_trades_false_alarms_for_misses():
    low, high = (threshold_errors(TRUTH, PROBABILITY, at) for at in (0.05, 0.95))
    assert (low.false_alarms, low.misses, low.called) == (1.0, 0.0, 1.0)
    assert (high.false_alarms, high.misses, high.called) == (0.0, 1.0, 0.0)


def test_dearer_misses_lower_the_threshold_and_costs_are_what_they_say():
    found = class_curves(TRUTH, PROBABILITY, positive="yes", threshold=0.5)
    by_ratio = {each.ratio: each for each in found.costs}
    assert by_ratio[1.0].errors.threshold == 0.5
    assert by_ratio[5.0].errors.threshold == pytest.approx(1 / 6)
    # At 1/6 there is one false alarm among two and no miss; at 0.5 one of each.
    assert by_ratio[5.0].cost == pytest.approx(0.25)
    assert by_ratio[5.0].cost_at_default == pytest.approx(0.25 + 5 * 0.25)


@pytest.mark.parametrize("truth", [[0, 0], [1, 1]])
def test_of_one_class_there_are_no_curves(truth):
    assert class_curves(np.array(truth), np.array([0.2, 0.8]), positive="y", threshold=0.5) is None


def test_each_of_several_classes_against_all_others():
    truth, codes = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1])
    found = class_scores(truth, codes, np.eye(3)[codes], ["a", "b", "c"])
    assert [each.label for each in found] == ["a", "b", "c"]
    assert found[0].recall == 0.5
    assert found[1].precision == pytest.approx(1 / 3)
    assert found[2].precision is None, "it is never predicted"
    assert found[2].recall == 0.0
