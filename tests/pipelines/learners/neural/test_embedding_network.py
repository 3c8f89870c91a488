"""The network with numeric embeddings: its gradient, its initialisation."""

import numpy as np
import pytest

from espalier.pipelines.learners.neural.activations import ACTIVATIONS
from espalier.pipelines.learners.neural.embedding_network import EmbeddingNetwork, NetworkShape


def made(activation: str, rng: np.random.Generator) -> tuple[EmbeddingNetwork, np.ndarray, ...]:
    shape = NetworkShape(
        n_networks=2,
        n_embedded=2,
        n_plain=1,
        levels=(4, 3),
        level_size=2,
        width=5,
        depth=2,
        n_outputs=3,
        activation=activation,
    )
    X = rng.standard_normal((2, 9, 3)).astype(np.float32)
    codes = rng.integers(0, 3, (2, 9, 2))
    network = EmbeddingNetwork(shape)
    network.initialise(X, codes, sigma=0.3, rng=rng)
    return network, X, codes


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_gradient_is_that_of_finite_differences(activation: str) -> None:
    rng = np.random.default_rng(0)
    network, X, codes = made(activation, rng)
    target = rng.standard_normal((2, 9, 3)).astype(np.float32)
    vector = network.parameters.vector
    outputs, tape = network.forward(X, codes, 0.0, rng)
    np.testing.assert_allclose(outputs, network.outputs(X, codes), atol=1e-5)
    network.backward(tape, codes, outputs - target)
    gradient = network.parameters.gradient.astype(np.float64)

    def loss() -> float:
        errors = network.outputs(X, codes).astype(np.float64) - target
        return 0.5 * float((errors**2).sum())

    for direction in rng.standard_normal((5, len(vector))).astype(np.float32):
        kept, step = vector.copy(), np.float32(2e-4)
        vector[...] = kept + step * direction
        above = loss()
        vector[...] = kept - step * direction
        below = loss()
        vector[...] = kept
        assert (above - below) / (2 * float(step)) == pytest.approx(
            float(gradient @ direction), rel=0.02, abs=0.2
        )


def test_levels_that_no_row_has_get_no_gradient() -> None:
    rng = np.random.default_rng(1)
    network, X, codes = made("mish", rng)
    codes[:, :, 0] = 1
    outputs, tape = network.forward(X, codes, 0.0, rng)
    network.backward(tape, codes, np.ones_like(outputs))
    own = network.parameters.gradients["levels"]
    assert (own[:, [0, 2, 3]] == 0).all()
    assert (own[:, 1] != 0).any()


def test_dropout_keeps_the_expected_answer_and_silences_units() -> None:
    rng = np.random.default_rng(2)
    network, X, codes = made("selu", rng)
    plain = network.outputs(X, codes)
    drawn = [network.forward(X, codes, 0.5, rng)[0] for _ in range(3)]
    assert all(np.abs(each - plain).max() > 1e-3 for each in drawn)
