"""A few numbers become a network, whose cost is known before it is trained."""

from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.architectures.cost import network_cost
from espalier.pipelines.architectures.design import Design
from espalier.pipelines.architectures.layers import Convolution, Normalisation, Sum
from espalier.pipelines.architectures.weights import initial_weights, n_fitted
from tests.pipelines.architectures.examples import DESIGNS, name_of


@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_parameters_are_those_that_training_fits(design):
    for n_pictures in (1, 3):
        network = design.network(4, largest_side=12, n_pictures=n_pictures)
        weights = initial_weights(network, np.random.default_rng(0))
        assert network_cost(network).parameters == n_fitted(weights)


def test_operations_by_hand():
    design = Design(block="plain", stages=2, depth=1, width=8, growth=2.0, side=10)
    cost = network_cost(design.network(3, largest_side=10))
    stem, first = 3 * 8 * 9 * 100, 8 * 8 * 9 * 100
    second, head = 8 * 16 * 9 * 25, 16 * 3
    assert cost.operations == stem + first + second + head
    assert cost.depthwise == 0


def test_several_pictures_share_the_layers():
    design = DESIGNS[2]
    one = network_cost(design.network(2, largest_side=12))
    two = network_cost(design.network(2, largest_side=12, n_pictures=2))
    assert two.operations == 2 * one.operations
    assert two.parameters - one.parameters == 2 * 16  # only the last layer sees both


def test_the_compound_coordinate_grows_depth_width_and_side():
    base = Design(depth=2, width=16, side=20)
    grown = replace(base, compound=2.0).scaled(64)
    assert (grown.depth, grown.width, grown.side) == (3, 19, 26)
    assert replace(base, compound=2.0).scaled(22).side == 22  # there are no finer pictures
    assert replace(base, compound=-1.0).scaled(64).side == 17


def test_residual_blocks_start_as_the_identity():
    network = Design(block="residual", width=8, stages=2).network(2, largest_side=32)
    sums = [step for step in network.steps if isinstance(step, Sum)]
    assert sums
    for step in sums:
        last = network.steps[step.source - 1]
        assert isinstance(last, Normalisation)
        assert last.starts_at_zero


def test_groups_divide_the_channels():
    network = Design(width=13, growth=1.7, norm="group", block="bottleneck").network(
        2, largest_side=32
    )
    channels = {step.outputs for step in network.steps if isinstance(step, Convolution)}
    assert all(each % 8 == 0 for each in channels)
