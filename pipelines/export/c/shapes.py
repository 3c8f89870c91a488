"""The type, the shape and, where it does not depend on the row, the value of every tensor."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.base.scoring import session
from espalier.pipelines.export.c.columns import OWN
from espalier.pipelines.export.onnx.graph.graph import Graph, Node
from espalier.pipelines.export.onnx.graph.serialise import to_onnx


@dataclass(frozen=True, slots=True)
class Shapes:
    """What is known of the tensors before any row is.

    Attributes
    ----------
    nodes : list of Node
        The nodes that depend on the row, in order.
    fixed : dict of str to array
        Values of all other tensors.
    like : dict of str to array
        An array of the type and the shape of every tensor that depends on the row.
    """

    nodes: list[Node]
    fixed: dict[str, NDArray[Any]]
    like: dict[str, NDArray[Any]]


def shapes_of(graph: Graph) -> Shapes:
    """Run the graph on one empty row and look at all tensors.

    Raises
    ------
    UserError
        onnxruntime is not installed.
    """
    import onnx

    trial = Graph(inputs={}, constants=dict(graph.constants))
    inputs: dict[str, NDArray[Any]] = {}
    for name, (dtype, _) in graph.inputs.items():
        if dtype.kind != "O":
            trial.inputs[name] = (dtype, (None, 1))
            inputs[name] = np.zeros((1, 1))
    for node in graph.nodes:
        if node.domain == OWN:
            # Its places come from outside.
            trial.inputs[node.outputs[0]] = (np.dtype(np.int64), (None, len(node.inputs)))
            inputs[node.outputs[0]] = np.zeros((1, len(node.inputs)), dtype=np.int64)
        else:
            trial.nodes.append(node)
    needed = _needed(graph)
    names = [
        output
        for node in trial.nodes
        for output in node.outputs
        if output in needed and not node.operator.startswith("String")
    ]
    for name in names:
        trial.outputs[name] = (name, np.dtype(np.float64), ())
    model = to_onnx(trial, name="shapes", metadata={})
    # The tensors themselves, whose types onnxruntime finds out.
    del model.graph.output[:]
    del model.graph.node[len(model.graph.node) - len(names) :]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    found = dict(zip(names, session(model.SerializeToString()).run(names, inputs), strict=True))
    return _sorted(graph, needed, found, inputs)


def _needed(graph: Graph) -> set[str]:
    """Return the tensors that some output needs."""
    needed = {tensor for tensor, _, _ in graph.outputs.values()}
    for node in reversed(graph.nodes):
        if not needed.isdisjoint(node.outputs):
            needed.update(node.inputs)
    return needed


def _sorted(
    graph: Graph,
    needed: set[str],
    found: dict[str, NDArray[Any]],
    inputs: dict[str, NDArray[Any]],
) -> Shapes:
    """Tell what depends on the row from what does not."""
    fixed = {name: value for name, value in graph.constants.items() if name in needed}
    like = dict(inputs)
    depends = set(graph.inputs)
    nodes = []
    for node in graph.nodes:
        if needed.isdisjoint(node.outputs):
            continue
        known = {name: np.asarray(found[name]) for name in node.outputs if name in found}
        # The shape of a row does not depend on what is in it.
        if node.operator == "Shape" or depends.isdisjoint(node.inputs):
            fixed |= known
            continue
        depends.update(node.outputs)
        like |= known
        nodes.append(node)
    return Shapes(nodes, fixed, like)


def c_type(dtype: Any) -> str:
    """Return the C type of a NumPy dtype."""
    kinds = {"float64": "double", "float32": "float", "int64": "int64_t", "bool": "uint8_t"}
    return kinds[str(np.dtype(dtype))]
