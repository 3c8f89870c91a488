"""Embed a user's description of a dataset as a vector, offline, by feature hashing.

Words and their letter triples are hashed into a few signed counts (Weinberger and others, *Feature
hashing for large scale multitask learning*, ICML 2009), so that "customers" and "customer churn"
are near each other. Nothing is downloaded or learned, and the words cannot be read from the vector.
"""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

LENGTH = 64
_TRIPLE_WEIGHT = 0.3
_WORD = re.compile(r"[^\W_]{2,}")
# Words that say nothing about a subject; a handful, as the hash takes little room.
_EMPTY_WORDS = frozenset(
    {
        "the",
        "an",
        "of",
        "and",
        "or",
        "to",
        "in",
        "on",
        "for",
        "with",
        "by",
        "from",
        "is",
        "are",
        "was",
        "will",
        "be",
        "this",
        "that",
        "which",
        "who",
        "it",
        "its",
        "our",
        "their",
        "we",
        "whether",
        "predict",
        "prediction",
        "data",
        "dataset",
        "table",
        "column",
        "target",
        "class",
        "value",
    }
)


def statement_vector(text: str) -> tuple[float, ...]:
    """Return the unit vector of a text, shape (64,); empty if it has no meaningful words."""
    found = np.zeros(LENGTH)
    for word in _WORD.findall(text.lower()):
        if word in _EMPTY_WORDS:
            continue
        padded = f"<{word}>"
        triples = [padded[at : at + 3] for at in range(len(padded) - 2)]
        for part, weight in ((word, 1.0), *((each, _TRIPLE_WEIGHT) for each in triples)):
            number = int.from_bytes(hashlib.blake2b(part.encode(), digest_size=8).digest())
            found[number % LENGTH] += weight if number >> 63 else -weight
    norm = float(np.linalg.norm(found))
    return tuple(float(each) for each in found / norm) if norm > 0 else ()


def agreement(left: Sequence[float], right: Sequence[float]) -> float:
    """Return the cosine similarity of two statement vectors, cut at 0; 0 if one is empty."""
    if len(left) != LENGTH or len(right) != LENGTH:
        return 0.0
    return max(0.0, float(np.dot(left, right)))
