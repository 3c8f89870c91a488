import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.explain.mistakes import (
    MOST_CLASSES,
    MOST_POINTS,
    OTHERS,
    confusion,
    deviations,
)


def test_a_confusion_matrix_by_true_class():
    found = confusion(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0]), np.array(["no", "yes"]))
    assert found.labels == ("no", "yes")
    assert found.counts == ((2, 1), (1, 1))
    assert found.recalls == (pytest.approx(2 / 3), 0.5)


def test_rare_classes_are_taken_together():
    n_classes = 40
    truth = np.repeat(np.arange(n_classes), np.arange(1, n_classes + 1))
    found = confusion(truth, truth, np.arange(n_classes))
    assert len(found.labels) == MOST_CLASSES
    assert found.labels[-1] == OTHERS
    assert found.labels[:-1] == tuple(str(code) for code in range(29, 40))
    assert sum(map(sum, found.counts)) == len(truth)
    assert set(found.recalls) == {1.0}


def test_a_class_without_rows_has_no_recall():
    found = confusion(np.array([0, 0]), np.array([0, 1]), np.array(["a", "b"]))
    assert found.recalls == (0.5, None)


@given(st.integers(1, 1000), st.integers(0, 2**31))
def test_points_are_few_and_quantiles_rise(n, seed):
    rng = np.random.default_rng(seed)
    truth, values = rng.normal(size=n), rng.normal(size=n)
    found = deviations(truth, values)
    assert 1 <= len(found.points) <= MOST_POINTS
    pairs = set(zip(truth.tolist(), values.tolist(), strict=True))
    assert set(found.points) <= pairs
    sizes = [value for _, value in found.quantiles]
    assert sizes == sorted(sizes)
    assert found.bias == pytest.approx(float((values - truth).mean()))
