"""A trained network of texts as the bytes of an ONNX file, which need no PyTorch to be run."""

from collections.abc import Callable
from functools import partial

import numpy as np

from espalier.pipelines.architectures.forward import EPSILON
from espalier.pipelines.architectures.layers import Activation, Dense, Sum
from espalier.pipelines.architectures.onnx_file import Graph, activation_node
from espalier.pipelines.architectures.tokens.forward import FAR_BELOW, PAIR_FACTOR
from espalier.pipelines.architectures.tokens.layers import (
    NO_TOKEN,
    WORDS,
    Join,
    Pairs,
    Pool,
    Recurrence,
    TextNetwork,
    TextStep,
    TokenNorm,
    Window,
)
from espalier.pipelines.architectures.tokens.lexicon import Lexicon
from espalier.pipelines.architectures.weights import Array, Weights

TOKENS = "tokens"
"""Name of the input, int32 of shape (n_rows * n_columns, length)."""


def onnx_bytes(network: TextNetwork, weights: Weights, lexicon: Lexicon, *, softmax: bool) -> bytes:
    """Return the ONNX file of a network; its vectors of tokens are part of it.

    Parameters
    ----------
    network, weights, lexicon
        The network.
    softmax : bool
        Whether answers are probabilities.
    """
    from onnx import TensorProto, helper

    made = _Writing(weights, lexicon)
    for at, step in enumerate(network.steps):
        made.values.append(made.written(at, step))
    made.graph.answer(made.values[-1], softmax=softmax)
    given = helper.make_tensor_value_info(TOKENS, TensorProto.INT32, ["texts", "length"])
    return made.graph.file("textnet", given, network.n_outputs)


class _Writing:
    """A graph while its steps are added."""

    def __init__(self, weights: Weights, lexicon: Lexicon) -> None:
        from onnx import TensorProto

        self.graph = graph = Graph()
        self._weights, self._lexicon = weights, lexicon
        self._float, self._int32 = TensorProto.FLOAT, TensorProto.INT32
        self._tokens = graph.node("Cast", [TOKENS], to=TensorProto.INT64)
        none = graph.constant(NO_TOKEN, np.int64)
        self._is_end = graph.node("Equal", [self._tokens, none])
        flags = graph.node("Cast", [graph.node("Not", [self._is_end])], to=TensorProto.FLOAT)
        self._there = graph.node("Unsqueeze", [flags, self._axis(2)])
        count = graph.node("ReduceSum", [self._there, self._axis(1)], keepdims=0)
        self._count = graph.node("Max", [count, graph.constant(1.0)])  # (n_texts, 1)
        self._some = graph.node("Min", [count, graph.constant(1.0)])
        self._ends = graph.node("Unsqueeze", [self._is_end, self._axis(2)])
        self.values = [self._vectors()]

    def written(self, at: int, step: TextStep) -> str:
        """Add the nodes of step number ``at``; return the name of its value."""
        graph, named = self.graph, partial(self._named, at)
        if isinstance(step, Join):
            return graph.node("Concat", [self.values[each] for each in step.sources], axis=1)
        value = self.values[step.source]
        if isinstance(step, Pairs):
            return graph.node("Add", [value, self._pairs(step, named("weight"))])
        if isinstance(step, Window):
            before = (step.kernel - 1) // 2
            seen = graph.node("Mul", [value, self._there])
            turned = graph.node("Transpose", [seen], perm=[0, 2, 1])
            pads = [before, step.kernel - 1 - before]
            made = graph.node(
                "Conv", [turned, named("weight")], kernel_shape=[step.kernel], pads=pads
            )
            return graph.node("Transpose", [made], perm=[0, 2, 1])
        if isinstance(step, TokenNorm):
            inputs = [value, named("scale"), named("shift")]
            return graph.node("LayerNormalization", inputs, axis=-1, epsilon=EPSILON)
        if isinstance(step, Recurrence):
            return self._recurrence(step, at, value)
        if isinstance(step, Pool):
            return self._pooled(step, named, value)
        if isinstance(step, Activation):
            return activation_node(graph, step, value)
        if isinstance(step, Sum):
            return graph.node("Add", [value, self.values[step.other]])
        assert isinstance(step, Dense)
        return graph.node("Gemm", [value, named("weight"), named("bias")], transB=1)

    def _named(self, at: int | str, what: str) -> str:
        name = f"{at}.{what}"
        return self.graph.constant(self._weights[name], name=name)

    def _axis(self, axis: int) -> str:
        return self.graph.constant([axis], np.int64)

    def _vectors(self) -> str:
        """Return the vectors of the tokens: of the table, and learned ones added."""
        graph, lexicon = self.graph, self._lexicon
        parts = []
        if lexicon.numbers is not None and lexicon.scale is not None:
            numbers = graph.constant(lexicon.numbers, np.int8, name="table")
            rows = graph.node("Gather", [numbers, self._tokens])
            scale = graph.node("Gather", [graph.constant(lexicon.scale), self._tokens])
            wide = graph.node("Unsqueeze", [scale, self._axis(2)])
            parts.append(graph.node("Mul", [graph.node("Cast", [rows], to=self._float), wide]))
        if lexicon.learns:
            places = graph.constant(lexicon.places, np.int32, name="places")
            rows = graph.node("Gather", [places, self._tokens])
            parts.append(graph.node("Gather", [self._named(WORDS, "weight"), rows]))
        return graph.node("Add", parts) if len(parts) > 1 else parts[0]

    def _pairs(self, step: Pairs, vectors: str) -> str:
        graph = self.graph
        one, far = graph.constant([1], np.int64), graph.constant([2**31 - 1], np.int64)
        rest = graph.node("Slice", [self._tokens, one, far, one])
        pads = graph.constant([0, 0, 0, 1], np.int64)
        none = graph.constant(NO_TOKEN, np.int64)
        following = graph.node("Pad", [rest, pads, none])
        factor = graph.constant(PAIR_FACTOR, np.int64)
        sums = graph.node("Add", [graph.node("Mul", [self._tokens, factor]), following])
        numbers = graph.node("Mod", [sums, graph.constant(step.n_vectors, np.int64)])
        is_last = graph.node("Equal", [following, none])
        flags = graph.node("Cast", [graph.node("Not", [is_last])], to=self._float)
        wide = graph.node("Unsqueeze", [flags, self._axis(2)])
        return graph.node("Mul", [graph.node("Gather", [vectors, numbers]), wide])

    def _recurrence(self, step: Recurrence, at: int, value: str) -> str:
        """Add a recurrent layer; ONNX has the gates in another order than PyTorch."""
        graph, weights = self.graph, self._weights
        w, r = (_gates(weights[f"{at}.{name}"]) for name in ("weight", "recurrent"))
        biases = [weights[f"{at}.{name}"] for name in ("bias", "recurrent_bias")]
        b = np.concatenate([_gates(each.reshape(2, -1)) for each in biases], axis=1)
        seen = graph.node("Mul", [value, self._there])
        turned = graph.node("Transpose", [seen], perm=[1, 0, 2])
        flat = graph.node("Squeeze", [self._count, self._axis(1)])
        lengths = graph.node("Cast", [flat], to=self._int32)
        states = graph.node(
            "GRU",
            [turned, *map(graph.constant, (w, r, b)), lengths],
            hidden_size=step.units,
            direction="bidirectional",
            linear_before_reset=1,
        )  # (length, 2, n_texts, units)
        back = graph.node("Transpose", [states], perm=[2, 0, 1, 3])
        return graph.node("Reshape", [back, graph.constant([0, 0, 2 * step.units], np.int64)])

    def _pooled(self, step: Pool, named: Callable[[str], str], value: str) -> str:
        graph = self.graph
        if step.kind == "mean":
            seen = graph.node("Mul", [value, self._there])
            total = graph.node("ReduceSum", [seen, self._axis(1)], keepdims=0)
            found = graph.node("Div", [total, self._count])
        elif step.kind == "max":
            low = graph.constant(FAR_BELOW)
            seen = graph.node("Where", [self._ends, low, value])
            most = graph.node("ReduceMax", [seen], axes=[1], keepdims=0)
            found = graph.node("Mul", [most, self._some])
        else:
            turned = graph.node("Transpose", [named("weight")], perm=[1, 0])
            scores = graph.node("MatMul", [value, turned])
            low = graph.constant(FAR_BELOW)
            scores = graph.node("Where", [self._ends, low, scores])
            shares = graph.node("Softmax", [scores], axis=1)
            shares = graph.node("Mul", [shares, self._there])
            each = step.channels // step.heads
            # (n_texts, length, heads, 1) shares of (n_texts, length, heads, each) values.
            parts = graph.constant([0, 0, step.heads, each], np.int64)
            grouped = graph.node("Reshape", [value, parts])
            wide = graph.node("Unsqueeze", [shares, self._axis(3)])
            seen = graph.node("Mul", [grouped, wide])
            found = graph.node("ReduceSum", [seen, self._axis(1)], keepdims=0)
        shape = graph.constant([-1, step.n_columns * step.channels], np.int64)
        return graph.node("Reshape", [found, shape])


def _gates(values: Array) -> Array:
    """Return arrays of gates reset, update, new (PyTorch) as update, reset, new (ONNX)."""
    reset, update, new = np.split(values, 3, axis=1)
    return np.concatenate([update, reset, new], axis=1)
