"""Categorical columns: `CategoricalBlock` as tables over the places of known strings.

Whatever the encoding, what a string becomes is computed here by the block itself, once for each
string that is known, so that the file gives the same float32 numbers.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.onnx.features.columns import Columns
from espalier.pipelines.export.onnx.features.lookups import Lookups
from espalier.pipelines.export.onnx.graph.graph import Tensor
from espalier.pipelines.preprocessing.categorical import CategoricalBlock


def category_columns(columns: Columns, names: list[str], block: CategoricalBlock) -> Tensor | None:
    """Return the float32 columns of a fitted block; None without any."""
    graph, lookups = columns.graph, columns.lookups
    places = columns.places(names)
    codes = [_codes(lookups, name, levels) for name, levels in zip(
        names, block.codes_.levels_, strict=True
    )]  # fmt: skip
    if block.encoding == "onehot":
        chosen = np.concatenate([np.zeros(0, np.int64), *block.onehot_]).astype(np.int64)
        if not len(chosen):
            return None
        owner = np.repeat(np.arange(len(names)), [len(each) for each in block.onehot_])
        found = graph.op("Gather", _over_places(lookups, names, codes), places)
        hits = graph.op("Equal", graph.take(found, owner), chosen[None, :])
        return graph.cast(hits, np.float32)
    values = _values(block, codes)
    width = values[0].shape[1]
    found = graph.op("Gather", _over_places(lookups, names, values), places)
    return graph.op("Reshape", found, np.array([0, width * len(names)]))


def _codes(lookups: Lookups, name: str, levels: Any) -> NDArray[np.int64]:
    """Return the block's code for each place of a column."""
    known = {level: code for code, level in enumerate(levels)}
    n_levels = len(known)
    return lookups.table(
        name,
        lambda string: known.get(string, n_levels),
        unknown=n_levels,
        missing=n_levels + 1,
        dtype=np.int64,
    )


def _values(block: CategoricalBlock, codes: list[NDArray[np.int64]]) -> list[NDArray[np.float32]]:
    """Return what the block makes of each code, shape (n_places, n_values), for every column."""
    longest = max(len(each) for each in codes)
    table = np.stack(
        [np.concatenate([each, np.repeat(each[-1:], longest - len(each))]) for each in codes],
        axis=1,
    )
    made = block.encoded(table.astype(np.int32))
    width = made.shape[1] // len(codes)
    return [
        np.ascontiguousarray(made[: len(each), place * width : (place + 1) * width])
        for place, each in enumerate(codes)
    ]


def _over_places(lookups: Lookups, names: list[str], parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Return one table over all places, of which only those of ``names`` are asked."""
    first = parts[0]
    table = np.zeros((int(lookups.starts[-1]), *first.shape[1:]), dtype=first.dtype)
    for name, part in zip(names, parts, strict=True):
        start = int(lookups.starts[lookups.columns.index(name)])
        table[start : start + len(part)] = part
    return table
