"""A stored network in integers of eight bits, with the ranges of its maps measured on pictures.

Static quantisation (B. Jacob and others, *Quantization and training of neural networks for
efficient integer-arithmetic-only inference*, CVPR 2018). Dynamic quantisation, which measures
ranges anew for each row, makes convolutions several times slower and is not offered.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.forward import EPSILON
from espalier.pipelines.architectures.onnx_file import PIXELS

MOST_PICTURES = 256
"""Pictures that ranges are measured on."""
_ROWS_A_BLOCK = 32
# What only moves numbers on, such as the colours' scale before the first convolution, stays.
_QUANTISED = ("Conv", "Gemm", "Add", "Relu", "GlobalAveragePool")


def in_eight_bits(stored: bytes, pixels: NDArray[np.uint8]) -> bytes:
    """Return the ONNX file of a network with weights and maps of eight bits.

    Parameters
    ----------
    stored : bytes
        A file as `espalier.pipelines.architectures.onnx_file.onnx_bytes` makes it.
    pixels : array of uint8, shape (n_rows, n_pictures, side, side, 3)
        Training rows at the network's side, evenly spaced ones of which are looked at.
    """
    from onnx import load_model_from_string
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType
    from onnxruntime.quantization import quantize_static as quantise

    class Pictures(CalibrationDataReader):
        def __init__(self) -> None:
            self._blocks = _blocks(pixels)

        def get_next(self) -> dict[str, Any] | None:
            return next(self._blocks, None)

    model = load_model_from_string(stored)
    fold_normalisations(model.graph)
    with tempfile.TemporaryDirectory(prefix="espalier-") as folder, _quiet():
        place = Path(folder) / "small.onnx"
        quantise(
            model,
            place,
            Pictures(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_QUANTISED),
            per_channel=True,
            # Processors without instructions for bytes add products of two in 16 bits.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        made = load_model_from_string(place.read_bytes())
    del made.graph.value_info[:]  # shapes that the runtime finds out itself
    del made.metadata_props[:]
    for node in made.graph.node:
        del node.metadata_props[:]
    found: bytes = made.SerializeToString()
    return found


def fold_normalisations(graph: Any) -> None:
    """Make batch normalisations part of the convolutions before them, in place.

    The runtime does this with numbers of 32 bits when it opens a file, but not through rounding.

    Parameters
    ----------
    graph : onnx.GraphProto
        The graph.
    """
    from onnx import numpy_helper

    constants = {each.name: each for each in graph.initializer}
    readers: dict[str, int] = {}
    for node in graph.node:
        for name in node.input:
            readers[name] = readers.get(name, 0) + 1
    made_by = {node.output[0]: node for node in graph.node}
    folded = []
    for node in graph.node:
        before = made_by.get(node.input[0]) if node.op_type == "BatchNormalization" else None
        if before is None or before.op_type != "Conv" or readers[node.input[0]] > 1:
            continue
        scale, shift, mean, variance = (
            numpy_helper.to_array(constants[name]).astype(np.float64) for name in node.input[1:]
        )
        weight = constants[before.input[1]]
        factor = scale / np.sqrt(variance + EPSILON)
        made = numpy_helper.to_array(weight) * factor[:, None, None, None]
        weight.CopyFrom(numpy_helper.from_array(made.astype(np.float32), weight.name))
        bias = (shift - mean * factor).astype(np.float32)
        name = f"{before.input[1]}_bias"
        graph.initializer.append(numpy_helper.from_array(bias, name))
        before.input.append(name)
        before.output[0] = node.output[0]
        folded.append(node)
    for node in folded:
        graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    for each in [each for each in graph.initializer if each.name not in used]:
        graph.initializer.remove(each)


def _blocks(pixels: NDArray[np.uint8]) -> Iterator[dict[str, Any]]:
    places = np.unique(np.linspace(0, len(pixels) - 1, min(len(pixels), MOST_PICTURES)).astype(int))
    for start in range(0, len(places), _ROWS_A_BLOCK):
        part = pixels[places[start : start + _ROWS_A_BLOCK]]
        yield {PIXELS: np.ascontiguousarray(part.reshape(-1, *part.shape[2:]))}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the advice of the quantiser, which is for its developers, out of the user's log."""
    logger = logging.getLogger()
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
