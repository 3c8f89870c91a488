"""A child takes the weights of the layers that it shares with its parent."""

from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.architectures.design import Design
from espalier.pipelines.architectures.inheritance import inherit, stored_weights
from espalier.pipelines.architectures.onnx_file import Colours, onnx_bytes
from espalier.pipelines.architectures.weights import initial_weights
from tests.pipelines.architectures.examples import DESIGNS, bright_or_dark, name_of

BASE = Design(width=8, stages=2, depth=1, side=12)


def family(design):
    """Return a design's network, and weights that no other has."""
    network = design.network(3, largest_side=12)
    seed = int(design.width + 100 * design.depth + 1_000 * design.stages)
    return network, initial_weights(network, np.random.default_rng(seed))


@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_a_file_holds_the_weights_by_name(design):
    network, weights = family(design)
    colours = Colours.of(bright_or_dark(4).pixels)
    found = stored_weights(onnx_bytes(network, weights, colours, softmax=True))
    assert set(found) == set(weights)
    for name, values in weights.items():
        np.testing.assert_array_equal(found[name], values)


def test_the_same_network_takes_all():
    network, weights = family(BASE)
    fresh = initial_weights(network, np.random.default_rng(99))
    taken = inherit(network, fresh, network, weights)
    assert taken.share == 1.0
    for name, values in weights.items():
        np.testing.assert_array_equal(taken.weights[name], values)


def test_a_deeper_one_takes_what_is_alike():
    network, weights = family(BASE)
    child, start = family(replace(BASE, depth=2))
    taken = inherit(child, start, network, weights)
    assert 0.2 < taken.share < 0.9
    assert {name: each.shape for name, each in taken.weights.items()} == {
        name: each.shape for name, each in start.items()
    }
    np.testing.assert_array_equal(taken.weights["0.weight"], weights["0.weight"])
    # The last layer is that of the parent, wherever it stands.
    last, before = len(child.steps) - 1, len(network.steps) - 1
    np.testing.assert_array_equal(taken.weights[f"{last}.weight"], weights[f"{before}.weight"])


def test_a_wider_one_starts_anew():
    network, weights = family(BASE)
    child, start = family(replace(BASE, width=16))
    taken = inherit(child, start, network, weights)
    assert taken.share < 0.5
    assert taken.weights["0.weight"].shape == start["0.weight"].shape
