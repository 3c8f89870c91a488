"""The numbers of a network of texts by name, as training starts from them."""

import numpy as np

from espalier.pipelines.architectures.layers import Dense
from espalier.pipelines.architectures.tokens.layers import (
    WORDS,
    Pairs,
    Pool,
    Recurrence,
    TextNetwork,
    TokenNorm,
    Window,
)
from espalier.pipelines.architectures.tokens.lexicon import Lexicon
from espalier.pipelines.architectures.weights import Array


def initial_weights(
    network: TextNetwork, lexicon: Lexicon, rng: np.random.Generator
) -> dict[str, Array]:
    """Return weights to start from.

    What is added to vectors of the table starts at 0, and so do vectors of pairs, unless all is
    learned; the last layer is small, so that the first answers are alike.
    """
    made: dict[str, Array] = {}

    def normal(name: str, shape: tuple[int, ...], spread: float) -> None:
        made[name] = (spread * rng.standard_normal(shape)).astype(np.float32)

    if lexicon.learns:
        starts = 1.0 if lexicon.numbers is None else 0.0
        spread = starts / np.sqrt(network.width)
        normal(f"{WORDS}.weight", (lexicon.n_learned + 1, network.width), spread)
        made[f"{WORDS}.weight"][0] = 0.0  # of tokens that are not learned
    for at, step in enumerate(network.steps):
        if isinstance(step, Pairs):
            made[f"{at}.weight"] = np.zeros((step.n_vectors, step.width), dtype=np.float32)
        elif isinstance(step, Window):
            shape = (step.outputs, step.inputs, step.kernel)
            normal(f"{at}.weight", shape, np.sqrt(2.0 / (step.inputs * step.kernel)))
        elif isinstance(step, TokenNorm):
            made[f"{at}.scale"] = np.ones(step.channels, dtype=np.float32)
            made[f"{at}.shift"] = np.zeros(step.channels, dtype=np.float32)
        elif isinstance(step, Recurrence):
            spread = np.sqrt(1.0 / step.units)
            normal(f"{at}.weight", (2, 3 * step.units, step.inputs), np.sqrt(1.0 / step.inputs))
            normal(f"{at}.recurrent", (2, 3 * step.units, step.units), spread)
            for name in ("bias", "recurrent_bias"):
                made[f"{at}.{name}"] = np.zeros(6 * step.units, dtype=np.float32)
        elif isinstance(step, Pool) and step.kind == "attention":
            made[f"{at}.weight"] = np.zeros((step.heads, step.channels), dtype=np.float32)
        elif isinstance(step, Dense):
            is_last = at == len(network.steps) - 1
            spread = 0.1 if is_last else np.sqrt(2.0)
            normal(f"{at}.weight", (step.outputs, step.inputs), spread / np.sqrt(step.inputs))
            made[f"{at}.bias"] = np.zeros(step.outputs, dtype=np.float32)
    return made
