"""A network of texts answers the same from its file as in training, and the same alone."""

import numpy as np
import pytest

from espalier.pipelines.architectures.tokens.cost import text_network_cost
from espalier.pipelines.architectures.tokens.examples import Texts
from espalier.pipelines.architectures.tokens.lexicon import Lexicon
from espalier.pipelines.architectures.tokens.onnx_file import onnx_bytes
from espalier.pipelines.architectures.tokens.runtime import StoredNetwork
from espalier.pipelines.architectures.tokens.weights import initial_weights
from espalier.pipelines.architectures.weights import n_fitted
from tests.deep import need_torch
from tests.pipelines.architectures.tokens.examples import DESIGNS, first_or_last, name_of

need_torch()


def drawn(design, n_columns=1):
    """Return a network with weights by chance, and rows of which some have no text."""
    examples = first_or_last(20, n_columns, length=14)
    examples.tokens[3, 0] = 0
    examples.tokens[4] = 0
    network = design.network(2, n_columns=n_columns)
    lexicon = Lexicon.of(examples.tokens[:10], design.vectors, design.width)
    rng = np.random.default_rng(0)
    weights = initial_weights(network, lexicon, rng)
    for name, values in weights.items():
        values += rng.normal(0, 0.2, values.shape).astype(np.float32)
        if name == "words.weight":
            values[0] = 0.0
    return network, lexicon, weights, examples


def by_torch(network, lexicon, weights, examples):
    import torch

    subject = Texts(network, lexicon, True, 0.0)
    tensors = {name: torch.from_numpy(values) for name, values in weights.items()}
    tokens, _, _ = subject.tensors(examples, np.arange(len(examples)))
    with torch.no_grad():
        return subject.answers(tensors, tokens).softmax(dim=1).numpy()


@pytest.mark.parametrize("n_columns", [1, 2])
@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_the_file_answers_as_the_training_does(design, n_columns):
    network, lexicon, weights, examples = drawn(design, n_columns)
    expected = by_torch(network, lexicon, weights, examples)
    stored = StoredNetwork.of(onnx_bytes(network, weights, lexicon, softmax=True))
    answers = stored.answers(examples.tokens, design.most_tokens)
    np.testing.assert_allclose(answers, expected, atol=2e-5)
    assert np.ptp(answers[:, 0]) > 0.01
    # A text alone is not filled up to the length of the others.
    alone = [stored.answers(examples.tokens[[row]], design.most_tokens)[0] for row in range(6)]
    np.testing.assert_allclose(alone, expected[:6], atol=2e-5)


@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_what_is_counted_is_what_there_is(design):
    network, lexicon, weights, _ = drawn(design)
    held = lexicon.n_learned + 1 if lexicon.n_learned else 0
    assert text_network_cost(network, held).parameters == n_fitted(weights)


def test_no_rows_give_no_answers():
    network, lexicon, weights, examples = drawn(DESIGNS[0])
    stored = StoredNetwork.of(onnx_bytes(network, weights, lexicon, softmax=True))
    assert stored.answers(examples.tokens[:0], 12).shape == (0, 2)
