"""Small networks of texts, and rows of tokens, for tests."""

import numpy as np

from espalier.pipelines.architectures.tokens.design import TextDesign
from espalier.pipelines.architectures.tokens.examples import TextExamples

DESIGNS = [
    TextDesign(width=32, most_tokens=12, channels=8, **given)
    for given in (
        {"block": "ngrams", "pooling": "mean"},
        {"block": "ngrams", "pairs": 64, "pooling": "attention", "hidden": 16},
        {"block": "ngrams", "vectors": "own", "pooling": "max"},
        {"block": "convolution", "windows": 3, "kernel": 2, "pooling": "max"},
        {"block": "convolution", "depth": 2, "vectors": "frozen", "direct": False},
        {"block": "convolution", "depth": 2, "skip": False, "activation": "silu"},
        {"block": "recurrent", "pooling": "attention"},
        {"block": "recurrent", "depth": 2, "pooling": "mean", "vectors": "own"},
    )
]


def name_of(design: TextDesign) -> str:
    return f"{design.block}-{design.vectors}-{design.pooling}-{design.depth}"


def first_or_last(n: int, n_columns: int = 1, length: int = 9, seed: int = 0) -> TextExamples:
    """Return texts of different lengths; a word of the first class, or one of the second."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 2
    tokens = rng.integers(2_000, 2_060, (n, n_columns, length)).astype(np.uint16)
    lengths = rng.integers(3, length + 1, (n, n_columns))
    tokens[np.arange(length) >= lengths[:, :, None]] = 0
    tokens[np.arange(n), rng.integers(0, n_columns, n), rng.integers(0, 3, n)] = 3_000 + codes
    return TextExamples(tokens, np.eye(2, dtype=np.float32)[codes], np.ones(n, dtype=np.float32))
