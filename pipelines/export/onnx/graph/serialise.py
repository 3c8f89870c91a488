"""Write a graph as an ONNX model."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from espalier.pipelines.export.onnx.graph.graph import (
    CONTRIB,
    IR_VERSION,
    ML,
    ML_OPSET,
    OPSET,
    Attribute,
    Graph,
    onnx_type,
)

PRODUCER = "espalier"


def to_onnx(graph: Graph, *, name: str, metadata: Mapping[str, str]) -> Any:
    """Return the ``onnx.ModelProto`` of a graph, without nodes that no output needs.

    Parameters
    ----------
    graph : Graph
        What to write.
    name : str
        Name of the graph.
    metadata : mapping of str to str
        Stored in the file's ``metadata_props``.
    """
    from onnx import helper, numpy_helper

    needed = {tensor for tensor, _, _ in graph.outputs.values()}
    nodes = []
    for node in reversed(graph.nodes):
        if needed.isdisjoint(node.outputs):
            continue
        needed.update(node.inputs)
        attributes = {key: _attribute(key, value) for key, value in node.attributes.items()}
        nodes.append(
            helper.make_node(
                node.operator, node.inputs, node.outputs, domain=node.domain, **attributes
            )
        )
    nodes.reverse()
    for shown, (tensor, _, _) in graph.outputs.items():
        nodes.append(helper.make_node("Identity", [tensor], [shown]))
    made = helper.make_graph(
        nodes,
        name,
        [
            helper.make_tensor_value_info(each, onnx_type(dtype), ["rows", *shape[1:]])
            for each, (dtype, shape) in graph.inputs.items()
        ],
        [
            helper.make_tensor_value_info(each, onnx_type(dtype), ["rows", *shape[1:]])
            for each, (_, dtype, shape) in graph.outputs.items()
        ],
        [
            numpy_helper.from_array(array, each)
            for each, array in graph.constants.items()
            if each in needed
        ],
    )
    domains = {node.domain for node in nodes}
    imports = [helper.make_opsetid("", OPSET)]
    imports += [helper.make_opsetid(ML, ML_OPSET)] if ML in domains else []
    imports += [helper.make_opsetid(CONTRIB, 1)] if CONTRIB in domains else []
    model = helper.make_model(made, opset_imports=imports, producer_name=PRODUCER)
    model.ir_version = IR_VERSION
    helper.set_model_props(model, dict(metadata))
    return model


def _attribute(key: str, value: Attribute) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(value, key) if isinstance(value, np.ndarray) else value
