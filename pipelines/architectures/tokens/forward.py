"""A text network's answers by PyTorch, with gradients."""

from typing import Any

from espalier.pipelines.architectures.forward import EPSILON, Tensors, activate
from espalier.pipelines.architectures.layers import Activation, Dense, Sum
from espalier.pipelines.architectures.tokens.layers import (
    NO_TOKEN,
    WORDS,
    Join,
    Pairs,
    Pool,
    Recurrence,
    TextNetwork,
    TokenNorm,
    Window,
)

PAIR_FACTOR = 40_503
"""Multiplies the first token of a pair before the second is added: spreads pairs evenly."""
FAR_BELOW = -1e9


def forward(
    network: TextNetwork,
    weights: Tensors,
    tokens: Any,
    vectors: Any,
    *,
    dropout: float = 0.0,
    randomness: Any = None,
) -> Any:
    """Return a network's answers before any softmax, shape (n_rows, n_outputs).

    Parameters
    ----------
    network : TextNetwork
        Its steps.
    weights : mapping of str to Tensor
        Named as `espalier.pipelines.architectures.tokens.weights` does.
    tokens : Tensor of int64, shape (n_rows * n_columns, length)
        Tokens of the texts, `NO_TOKEN` behind their end.
    vectors : Tensor, shape (n_rows * n_columns, length, width)
        Their vectors (`token_vectors`).
    dropout : float
        Share of the inputs of dense layers that is silenced.
    randomness : torch.Generator or None
        Draws what is silenced.
    """
    import torch
    from torch.nn import functional

    there = (tokens != NO_TOKEN)[:, :, None]
    values = [vectors]
    for at, step in enumerate(network.steps):
        if isinstance(step, Join):
            values.append(torch.cat([values[each] for each in step.sources], dim=1))
            continue
        value = values[step.source]
        if isinstance(step, Pairs):
            value = value + _pairs(step, weights[f"{at}.weight"], tokens)
        elif isinstance(step, Window):
            before = (step.kernel - 1) // 2
            padded = functional.pad(
                (value * there).transpose(1, 2), (before, step.kernel - 1 - before)
            )
            value = functional.conv1d(padded, weights[f"{at}.weight"]).transpose(1, 2)
        elif isinstance(step, TokenNorm):
            scale, shift = weights[f"{at}.scale"], weights[f"{at}.shift"]
            value = functional.layer_norm(value, (step.channels,), scale, shift, EPSILON)
        elif isinstance(step, Recurrence):
            value = _recurrence(step, at, weights, value, there)
        elif isinstance(step, Pool):
            value = _pooled(step, weights.get(f"{at}.weight"), value, there)
        elif isinstance(step, Activation):
            value = activate(step.kind, value)
        elif isinstance(step, Sum):
            value = value + values[step.other]
        else:
            assert isinstance(step, Dense)
            if dropout:
                kept = torch.rand(value.shape, generator=randomness) >= dropout
                value = value * kept / (1.0 - dropout)
            value = functional.linear(value, weights[f"{at}.weight"], weights[f"{at}.bias"])
        values.append(value)
    return values[-1]


def token_vectors(weights: Tensors, tokens: Any, places: Any, table: Any) -> Any:
    """Return the vectors of tokens: of the table, and learned ones added.

    Parameters
    ----------
    weights : mapping of str to Tensor
        Those of the network.
    tokens : Tensor of int64, shape (n_texts, length)
        Tokens.
    places : Tensor of int64, shape (n_tokens,)
        Number of each token's learned vector, 0 for none.
    table : Tensor of float32, shape (n_tokens, width), or None
        Vectors that are not learned.
    """
    from torch.nn import functional

    found = None if table is None else functional.embedding(tokens, table)
    learned = weights.get(f"{WORDS}.weight")
    if learned is None:
        return found
    own = functional.embedding(places[tokens], learned, padding_idx=0)
    return own if found is None else found + own


def _pairs(step: Pairs, vectors: Any, tokens: Any) -> Any:
    """Return the vectors of each token with the next one; 0 for the last."""
    from torch.nn import functional

    following = functional.pad(tokens[:, 1:], (0, 1), value=NO_TOKEN)
    numbers = (tokens * PAIR_FACTOR + following) % step.n_vectors
    return functional.embedding(numbers, vectors) * (following != NO_TOKEN)[:, :, None]


def _recurrence(step: Recurrence, at: int, weights: Tensors, value: Any, there: Any) -> Any:
    import torch
    from torch.nn.utils import rnn

    n_texts, length = value.shape[:2]
    lengths = there[:, :, 0].sum(dim=1).clamp(min=1)
    packed = rnn.pack_padded_sequence(
        value * there, lengths, batch_first=True, enforce_sorted=False
    )
    inner = weights[f"{at}.bias"].reshape(2, -1), weights[f"{at}.recurrent_bias"].reshape(2, -1)
    parameters = [
        each
        for way in (0, 1)
        for each in (
            weights[f"{at}.weight"][way],
            weights[f"{at}.recurrent"][way],
            inner[0][way],
            inner[1][way],
        )
    ]
    start = torch.zeros(2, n_texts, step.units)
    states, _ = torch.gru(
        packed.data, packed.batch_sizes, start, parameters, True, 1, 0.0, False, True
    )
    unpacked, _ = rnn.pad_packed_sequence(
        rnn.PackedSequence(
            states, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices
        ),
        batch_first=True,
        total_length=length,
    )
    return unpacked


def _pooled(step: Pool, weight: Any, value: Any, there: Any) -> Any:
    """Return one vector of each text, those of a row side by side."""
    from torch.nn import functional

    if step.kind == "mean":
        value = (value * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)
    elif step.kind == "max":
        value = value.masked_fill(~there, FAR_BELOW).amax(dim=1) * there.any(dim=1)
    else:
        scores = functional.linear(value, weight).masked_fill(~there, FAR_BELOW)
        shares = scores.softmax(dim=1) * there
        spread = shares.repeat_interleave(step.channels // step.heads, dim=2)
        value = (value * spread).sum(dim=1)
    return value.reshape(-1, step.n_columns * step.channels)
