"""A child starts from the weights of an earlier network, where layers are alike.

Networks that a search tries one after the other are often alike but for a number or two. A child
that starts from its parent's weights needs a fraction of the epochs (T. Elsken, J. H. Metzen and
F. Hutter, *Simple and efficient architecture search for convolutional neural networks*, 2017).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from espalier.pipelines.architectures.layers import (
    Convolution,
    Dense,
    Gate,
    Network,
    Normalisation,
    Step,
)
from espalier.pipelines.architectures.weights import Array, Weights, is_fitted, n_fitted


@dataclass(frozen=True, slots=True, eq=False)
class Inherited:
    """Weights to start from.

    Attributes
    ----------
    weights : mapping of str to array
        All of them, those without an ancestor as they were.
    share : float
        Share of the fitted numbers that come from the parent.
    """

    weights: Weights
    share: float


def stored_weights(stored: bytes) -> dict[str, Array]:
    """Return the weights of a network from its ONNX file, by their names."""
    from onnx import load_model_from_string, numpy_helper

    graph = load_model_from_string(stored).graph
    return {
        each.name: np.array(numpy_helper.to_array(each), dtype=np.float32)
        for each in graph.initializer
        if each.name.partition(".")[0].isdigit()
    }


def inherit(
    network: Network, start: Weights, parent: Network, parent_weights: Mapping[str, Array]
) -> Inherited:
    """Return the weights of the parent where its layers are those of the child, in order.

    Parameters
    ----------
    network : Network
        The child.
    start : mapping of str to array
        The child's weights without a parent.
    parent, parent_weights
        The parent.
    """
    matcher = SequenceMatcher(
        a=[_kind(step) for step in parent.steps],
        b=[_kind(step) for step in network.steps],
        autojunk=False,
    )
    found = dict(start)
    n_taken = 0
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            theirs, ours = f"{block.a + offset}.", f"{block.b + offset}."
            for name in start:
                given = parent_weights.get(theirs + name.removeprefix(ours))
                if name.startswith(ours) and given is not None:
                    found[name] = given
                    n_taken += given.size if is_fitted(name) else 0
    return Inherited(found, n_taken / max(n_fitted(start), 1))


def _kind(step: Step) -> tuple[object, ...]:
    """Return what two steps must share for one to take the weights of the other."""
    name = type(step).__name__
    if isinstance(step, Convolution):
        return name, step.inputs, step.outputs, step.kernel, step.groups
    if isinstance(step, Normalisation):
        return name, step.kind, step.channels
    if isinstance(step, Gate):
        return name, step.channels, step.inner
    if isinstance(step, Dense):
        return name, step.inputs, step.outputs
    return (name,)
