"""Smaller forms of a network answer nearly as it does, and are smaller."""

from dataclasses import replace

import numpy as np
import pytest
from onnx import load_model_from_string

from espalier.pipelines.architectures.cost import network_cost
from espalier.pipelines.architectures.onnx_file import Colours, onnx_bytes
from espalier.pipelines.architectures.runtime import run_network
from espalier.pipelines.architectures.smaller.eight_bits import fold_normalisations, in_eight_bits
from espalier.pipelines.architectures.smaller.low_rank import thinner
from espalier.pipelines.architectures.weights import initial_weights
from tests.pipelines.architectures.examples import DESIGNS, bright_or_dark, name_of

PIXELS = bright_or_dark(24, 12).pixels
COLOURS = Colours.of(PIXELS)


def drawn(design, seed: int = 0):
    """Return a network with weights as if it had been trained: nothing is 0 or 1 by design."""
    network = design.network(3, largest_side=12)
    rng = np.random.default_rng(seed)
    weights = initial_weights(network, rng)
    for name, values in weights.items():
        if name.endswith(("scale", "variance")):
            weights[name] = rng.uniform(0.5, 1.5, values.shape).astype(np.float32)
        elif name.endswith(("shift", "mean")):
            weights[name] = rng.normal(0, 0.2, values.shape).astype(np.float32)
    return network, weights


def answers(network, weights):
    return run_network(onnx_bytes(network, weights, COLOURS, softmax=True), PIXELS)


@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_all_of_the_rank_gives_the_same_answers_and_less_is_smaller(design):
    network, weights = drawn(replace(design, width=16, hidden=64))
    again = thinner(network, weights, 1.0)
    np.testing.assert_allclose(answers(*again), answers(network, weights), atol=2e-5)
    small, fewer = thinner(network, weights, 0.25)
    assert network_cost(small).parameters < network_cost(network).parameters
    assert network_cost(small).parameters == sum(
        each.size for name, each in fewer.items() if not name.endswith(("mean", "variance"))
    )
    assert answers(small, fewer).shape == (24, 3)


def test_a_convolution_of_low_rank_is_found_exactly():
    network, weights = drawn(DESIGNS[0])
    rng = np.random.default_rng(1)
    place = next(
        f"{at}.weight"
        for at, step in enumerate(network.steps)
        if getattr(step, "inputs", 0) == 8 and getattr(step, "outputs", 0) == 16
    )
    core = rng.normal(size=(4, 4, 5, 5))
    weights[place] = np.einsum(
        "abkl,oa,ib->oikl", core, rng.normal(size=(16, 4)), rng.normal(size=(8, 4))
    ).astype(np.float32)
    small, fewer = thinner(network, weights, 0.25)
    assert len(small.steps) > len(network.steps)
    kept = {name: each for name, each in fewer.items() if each.ndim == 4}
    assert any(each.shape == (4, 4, 5, 5) for each in kept.values())


@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_folded_normalisations_change_nothing(design):
    network, weights = drawn(design)
    stored = onnx_bytes(network, weights, COLOURS, softmax=True)
    model = load_model_from_string(stored)
    fold_normalisations(model.graph)
    assert all(node.op_type != "BatchNormalization" for node in model.graph.node)
    folded = run_network(model.SerializeToString(), PIXELS)
    np.testing.assert_allclose(folded, run_network(stored, PIXELS), atol=1e-5)


@pytest.mark.parametrize("design", DESIGNS[:1] + DESIGNS[2:8:2], ids=name_of)
def test_eight_bits_are_less_than_half_of_the_size_and_answer_nearly_the_same(design):
    network, weights = drawn(replace(design, width=40))
    stored = onnx_bytes(network, weights, COLOURS, softmax=True)
    small = in_eight_bits(stored, PIXELS)
    assert len(small) < 0.5 * len(stored)
    np.testing.assert_allclose(run_network(small, PIXELS), run_network(stored, PIXELS), atol=0.1)
    assert in_eight_bits(stored, PIXELS) == small
