"""Build an ONNX graph: nodes, constants, inputs and outputs.

Equal nodes are one: members that share a step of preprocessing share its nodes. Tensors are named
by strings, and every function that adds nodes takes and returns such names.

Everything between the inputs and the float32 matrix of a member is computed as NumPy computes it,
in float64 or float32 as there, so that comparisons in trees fall on the same side.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET, ML_OPSET, IR_VERSION = 21, 5, 10
ML, CONTRIB = "ai.onnx.ml", "com.microsoft"
"""Domains beside the default one: learned models, and operators that only onnxruntime has."""

Tensor = str
Attribute = int | float | str | list[int] | list[str] | NDArray[Any]


@dataclass(frozen=True, slots=True)
class Node:
    """One operation.

    Attributes
    ----------
    operator, domain : str
        What it does, and the set of operators that defines it.
    inputs : tuple of str
        Names of tensors.
    outputs : tuple of str
        Names of tensors.
    attributes : mapping
        Its fixed settings.
    """

    operator: str
    domain: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    attributes: Mapping[str, Attribute]


@dataclass(slots=True)
class Graph:
    """A graph that grows node by node.

    Attributes
    ----------
    inputs : dict of str to (dtype, shape)
        Each input; None in a shape is the number of rows.
    outputs : dict of str to (tensor, dtype, shape)
        What each output is called, and the tensor that it is.
    nodes : list of Node
        In an order in which they can be computed.
    constants : dict of str to array
        Fixed tensors.
    """

    inputs: dict[str, tuple[np.dtype[Any], tuple[int | None, ...]]] = field(default_factory=dict)
    outputs: dict[str, tuple[Tensor, np.dtype[Any], tuple[int | None, ...]]] = field(
        default_factory=dict
    )
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)
    _known: dict[object, tuple[Tensor, ...]] = field(default_factory=dict)

    def add_input(self, name: str, dtype: Any, shape: tuple[int | None, ...]) -> Tensor:
        """Declare an input and return its tensor, whose name is that of the input."""
        self.inputs[name] = (np.dtype(dtype), shape)
        return name

    def add_output(
        self, name: str, tensor: Tensor, dtype: Any, shape: tuple[int | None, ...]
    ) -> None:
        """Declare that a tensor is an output."""
        self.outputs[name] = (tensor, np.dtype(dtype), shape)

    def constant(self, value: Any, dtype: Any = None) -> Tensor:
        """Return the tensor of a fixed array."""
        array = np.asarray(value, dtype=dtype)
        if array.dtype.kind in "US":
            array = array.astype(object)
        key = ("constant", str(array.dtype), array.shape, _digest(array))
        if key not in self._known:
            name = f"c/{len(self.constants)}"
            self.constants[name] = array
            self._known[key] = (name,)
        return self._known[key][0]

    def op(
        self,
        operator: str,
        *inputs: Tensor | NDArray[Any] | np.generic,
        domain: str = "",
        n_outputs: int = 1,
        output: int = 0,
        **attributes: Attribute | None,
    ) -> Tensor:
        """Add a node and return one of its outputs; an equal node is not added twice.

        Parameters
        ----------
        operator : str
            Its name in ``domain``.
        inputs : str or array
            Tensors, or arrays that become constants.
        domain : str
            Set of operators.
        n_outputs, output : int
            Number of its outputs, and which of them to return.
        attributes
            As the operator has them; None for one that is not given.
        """
        given = {name: value for name, value in attributes.items() if value is not None}
        names = tuple(each if isinstance(each, str) else self.constant(each) for each in inputs)
        settings = tuple((name, _digest(value)) for name, value in sorted(given.items()))
        key = (operator, domain, names, n_outputs, settings)
        if key not in self._known:
            outputs = tuple(f"t/{len(self.nodes)}.{place}" for place in range(n_outputs))
            self.nodes.append(Node(operator, domain, names, outputs, given))
            self._known[key] = outputs
        return self._known[key][output]

    def cast(self, tensor: Tensor, dtype: Any) -> Tensor:
        """Return a tensor as another dtype."""
        return self.op("Cast", tensor, to=onnx_type(dtype))

    def take(self, tensor: Tensor, columns: Any) -> Tensor:
        """Return these columns of a tensor of shape (n_rows, n_columns)."""
        return self.op("Gather", tensor, np.asarray(columns, dtype=np.int64), axis=1)

    def join(self, tensors: list[Tensor]) -> Tensor:
        """Return tensors of the same rows side by side."""
        return tensors[0] if len(tensors) == 1 else self.op("Concat", *tensors, axis=1)

    def add(self, *tensors: Tensor | NDArray[Any] | np.generic) -> Tensor:
        """Return the sum of tensors, added from left to right."""
        total = tensors[0] if isinstance(tensors[0], str) else self.constant(tensors[0])
        for each in tensors[1:]:
            total = self.op("Add", total, each)
        return total


def onnx_type(dtype: Any) -> int:
    """Return ONNX's number of a NumPy dtype; strings are of dtype object."""
    from onnx import TensorProto, helper

    kind = np.dtype(dtype)
    if kind.kind in "OUS":
        return int(TensorProto.STRING)
    return int(helper.np_dtype_to_tensor_dtype(kind))


def _digest(value: Any) -> object:
    """Return something equal for equal constants and attributes, and hashable."""
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return (value.shape, tuple(value.ravel().tolist()))
        return (value.shape, str(value.dtype), hashlib.sha256(value.tobytes()).digest())
    if isinstance(value, list):
        return (len(value), hashlib.sha256(repr(value).encode()).digest())
    return value
