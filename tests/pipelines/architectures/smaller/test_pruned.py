"""A pruned network is an ordinary, narrower one, without the channels that nothing hears."""

from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.architectures.cost import network_cost
from espalier.pipelines.architectures.design import Design
from espalier.pipelines.architectures.layers import Convolution, Sum
from espalier.pipelines.architectures.onnx_file import Colours, onnx_bytes
from espalier.pipelines.architectures.runtime import run_network
from espalier.pipelines.architectures.smaller.pruned import narrower
from tests.pipelines.architectures.examples import DESIGNS, bright_or_dark, name_of
from tests.pipelines.architectures.smaller.test_smaller import answers, drawn


@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_what_is_left_is_a_network_that_answers(design):
    network, weights = drawn(replace(design, width=16, hidden=64))
    assert narrower(network, weights, 1.0)[0] == network
    small, fewer = narrower(network, weights, 0.5)
    assert len(small.steps) == len(network.steps)
    assert network_cost(small).parameters == sum(
        each.size for name, each in fewer.items() if not name.endswith(("mean", "variance"))
    )
    assert answers(small, fewer).shape == (24, 3)
    # Sums hold their channels; where there are others, some are left out.
    free = any(
        old.outputs != new.outputs
        for old, new in zip(network.steps, small.steps, strict=True)
        if isinstance(old, Convolution)
    )
    assert free == (network_cost(small).parameters < network_cost(network).parameters)
    assert free or any(isinstance(step, Sum) for step in network.steps)


@pytest.mark.parametrize(
    "design",
    [each for each in DESIGNS if each.norm == "batch" and each.block != "depthwise"],
    ids=name_of,
)
def test_channels_that_are_silent_are_left_out_and_change_no_answer(design):
    network, weights = drawn(replace(design, width=48, hidden=64))
    for at, step in enumerate(network.steps):
        if f"{at}.scale" in weights and step.channels >= 16:
            # The same ones wherever so many channels pass a second normalisation.
            order = np.random.default_rng(step.channels).permutation(step.channels)
            silent = order[: step.channels // 2]
            weights[f"{at}.scale"][silent] = 0.0
            weights[f"{at}.shift"][silent] = 0.0
    small, fewer = narrower(network, weights, 0.5)
    assert network_cost(small).operations < 0.9 * network_cost(network).operations
    # Squeeze-and-excitation, rectifiers and what reads them make 0 of 0.
    np.testing.assert_allclose(answers(small, fewer), answers(network, weights), atol=2e-5)


def test_a_plain_network_of_half_the_channels_has_a_quarter_of_the_weights():
    network, weights = drawn(Design(block="plain", width=32, stages=2, depth=2, side=12))
    small, _ = narrower(network, weights, 0.5)
    assert network_cost(small).parameters < 0.3 * network_cost(network).parameters


def test_several_pictures_of_a_row_keep_their_places():
    design = Design(block="plain", width=16, stages=2, side=12)
    network = design.network(3, largest_side=12, n_pictures=2)
    weights = drawn(replace(design))[1]
    at = len(network.steps) - 1
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(3, 2, 32)).astype(np.float32)
    weights[f"{at}.weight"] = matrix.reshape(3, 64)
    last = max(i for i, step in enumerate(network.steps) if isinstance(step, Convolution)) + 1
    silent = np.arange(0, 32, 2)
    weights[f"{last}.scale"][silent] = weights[f"{last}.shift"][silent] = 0.0
    small, fewer = narrower(network, weights, 0.5)
    np.testing.assert_array_equal(fewer[f"{at}.weight"], matrix[:, :, 1::2].reshape(3, 32))
    pixels = bright_or_dark(6, 12, n_pictures=2).pixels
    stored = onnx_bytes(small, fewer, Colours.of(pixels), softmax=True)
    assert run_network(stored, pixels).shape == (6, 3)
