"""What estimators of pictures share: their options, and how rows are given to a network."""

import numpy as np
import pytest
from sklearn.base import clone

from espalier.pipelines.learners.neural.convnet import ConvNet
from espalier.pipelines.learners.neural.picture_estimator import picture_examples
from espalier.pipelines.learners.neural.supernet_family import SupernetSearch
from espalier.pipelines.learners.neural.target_code import TargetCode

PICTURES = np.arange(3 * 8 * 8 * 3, dtype=np.uint8).reshape(3, 1, 8, 8, 3)


@pytest.mark.parametrize("kind", [ConvNet, SupernetSearch])
def test_options_survive_a_copy(kind):
    copy = clone(kind(classification=False, seed=3, n_threads=2))
    assert copy.get_params()["seed"] == 3
    assert not copy.classification
    assert copy.n_threads == 2


def test_classes_have_an_output_each():
    code = TargetCode(3)
    rows = picture_examples(code, PICTURES, np.array([2, 0, 2]), None, side=8)
    assert code.n_outputs == 3
    assert rows.target.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1]]
    assert rows.weight.tolist() == [1, 1, 1]


def test_values_are_standardised_by_their_weighted_mean_and_spread():
    y, weight = np.array([1.0, 3.0, 100.0]), np.array([2.0, 2.0, 0.0])
    code = TargetCode.of_values(y, weight)
    assert (code.n_outputs, code.center, code.spread) == (1, 2.0, 1.0)
    rows = picture_examples(code, PICTURES, y, weight, side=8)
    assert rows.target[:, 0].tolist() == [-1, 1, 98]
    assert rows.weight.tolist() == [1.5, 1.5, 0]


def test_pictures_are_made_as_small_as_the_network_takes_them():
    rows = picture_examples(TargetCode(2), PICTURES, np.array([0, 1, 0]), None, side=4)
    assert rows.pixels.shape == (3, 1, 4, 4, 3)
