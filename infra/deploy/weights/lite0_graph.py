"""EfficientNet-Lite0 as an ONNX graph of features.

The network is that of Google's ``efficientnet/lite`` (Apache-2.0): mobile inverted bottlenecks
(Tan and Le, *EfficientNet*, 2019) without squeeze-and-excitation, with ReLU6. Batch normalisation
is folded into the convolutions before it, and weights are stored as float16, which halves the file;
onnxruntime turns them into float32 once, when it loads it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# Repeats, kernel, stride, expansion, channels that come out.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
MAPPED_STAGE = 5
MEAN, SPREAD = 127.0, 128.0
EPSILON = 1e-3
OPSET = 17

Tensors = dict[str, NDArray[Any]]


@dataclass
class _Graph:
    """Nodes and weights as they are added."""

    tensors: Tensors
    nodes: list[Any]
    weights: list[Any]

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Store weights as float16 and return the name of their float32 values."""
        self.weights.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        self.nodes.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
        return name

    def add(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def convolution(
        self, x: str, conv: str, norm: str, *, stride: int = 1, act: bool = True
    ) -> str:
        """Add a convolution with the normalisation after it folded in, and ReLU6.

        Padding is TensorFlow's ``SAME``, which for a stride of 2 is more at the end.
        """
        weight = self.tensors[f"{conv}.weight"].astype(np.float64)
        gain = self.tensors[f"{norm}.weight"] / np.sqrt(
            self.tensors[f"{norm}.running_var"].astype(np.float64) + EPSILON
        )
        bias = self.tensors[f"{norm}.bias"] - self.tensors[f"{norm}.running_mean"] * gain
        channels, per_group, kernel, _ = weight.shape
        made = self.add(
            "Conv",
            [
                x,
                self.constant(f"{conv}.weight", weight * gain[:, None, None, None]),
                self.constant(f"{norm}.bias", bias),
            ],
            f"{conv}.out",
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            group=channels if per_group == 1 and "depthwise" in conv else 1,
            auto_pad="SAME_UPPER",
        )
        return self.add("Clip", [made, "zero", "six"], f"{conv}.act") if act else made


def features_graph(tensors: Tensors) -> onnx.ModelProto:
    """Return the network from pictures to features, without its classifier.

    The input ``pixels`` is uint8 of shape (n, height, width, 3), any height and width. The output
    ``features``, shape (n, 1280), is the mean over the picture that the classifier was trained on;
    the output ``map``, shape (n, 192, height / 32, width / 32), is what leaves the last stage but
    one, place by place.

    Parameters
    ----------
    tensors : dict of str to array
        The state dictionary of ``efficientnet-lite0``.
    """
    graph = _Graph(tensors, [], [])
    graph.weights += [
        numpy_helper.from_array(np.array(value, dtype=np.float32), name)
        for name, value in (("zero", 0.0), ("six", 6.0), ("mean", MEAN), ("spread", SPREAD))
    ]
    graph.add("Cast", ["pixels"], "numbers", to=TensorProto.FLOAT)
    graph.add("Transpose", ["numbers"], "channels", perm=[0, 3, 1, 2])
    x = graph.add(
        "Div", [graph.add("Sub", ["channels", "mean"], "centred"), "spread"], "normalised"
    )
    x = graph.convolution(x, "_conv_stem", "_bn0", stride=2)
    block = 0
    for stage, (repeats, _, first_stride, expansion, _channels) in enumerate(STAGES):
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            x = _bottleneck(graph, x, f"_blocks.{block}", stride, expansion, is_first=repeat == 0)
            block += 1
        if stage == MAPPED_STAGE:
            graph.add("Identity", [x], "map")
    x = graph.convolution(x, "_conv_head", "_bn1")
    graph.add("ReduceMean", [x], "features", axes=[2, 3], keepdims=0)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "efficientnet-lite0",
            [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", "h", "w", 3])],
            [
                helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 1280]),
                helper.make_tensor_value_info("map", TensorProto.FLOAT, ["n", 192, "rows", "cols"]),
            ],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=9,
        producer_name="espalier",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _bottleneck(
    graph: _Graph, x: str, name: str, stride: int, expansion: int, *, is_first: bool
) -> str:
    """Add an inverted bottleneck: widen, convolve each channel, narrow; with a way around it."""
    inside = x
    if expansion > 1:
        inside = graph.convolution(inside, f"{name}._expand_conv", f"{name}._bn0")
    inside = graph.convolution(inside, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride)
    inside = graph.convolution(inside, f"{name}._project_conv", f"{name}._bn2", act=False)
    return inside if is_first else graph.add("Add", [inside, x], f"{name}.sum")
