"""Class labels: told apart exactly as they are given, and found again in later tables.

Two labels are one class only if they are equal and of one kind: ``"yes "`` is not ``"yes"``, True
is not 1, and integers beyond 2**53 keep all their digits.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.readings import is_number
from espalier.pipelines.data.parsing.text_cells import canonical_text

Codes = NDArray[np.int64]


def encode_labels(y: "pd.Series[Any]") -> tuple[Codes, NDArray[Any]]:
    """Return the codes of labels, shape (n_rows,), and the sorted distinct labels.

    Parameters
    ----------
    y : Series, shape (n_rows,)
        Labels of any dtype, none missing. Labels of kinds that have no order between them, such as
        ``"b"`` and ``1``, are sorted by their text.
    """
    labels = _label_array(y)
    if labels.dtype != np.dtype(object):
        classes, codes = np.unique(labels, return_inverse=True)
        return codes.astype(np.int64).reshape(-1), classes
    if pd.api.types.infer_dtype(labels, skipna=False) == "string":
        found, uniques = pd.factorize(labels)
        distinct = list(uniques)
    else:
        first: dict[Hashable, int] = {}
        distinct = []
        found = np.empty(len(labels), dtype=np.int64)
        for row, label in enumerate(labels):
            code = first.setdefault(_key(label), len(first))
            if code == len(distinct):
                distinct.append(label)
            found[row] = code
    order = _sorted_positions(distinct)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[found], _objects([distinct[at] for at in order])


def distinct_labels(y: "pd.Series[Any]") -> NDArray[Any]:
    """Return the sorted distinct labels of a column without missing cells."""
    return encode_labels(y)[1]


def whole_labels(y: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return labels that are floats only because some are missing as the whole numbers they are.

    pandas stores 1, 2 and a missing cell as 1.0, 2.0 and NaN. A column without missing cells is as
    its owner made it, and stays.
    """
    if not isinstance(y.dtype, np.dtype) or y.dtype.kind != "f" or not y.isna().any():
        return y
    present = y.dropna().to_numpy()
    if not len(present) or not np.isfinite(present).all():
        return y
    if (present != np.floor(present)).any() or np.abs(present).max() >= 2.0**53:
        return y
    return y.astype("Int64")


def exact_text(label: Any) -> str:
    """Return a label as text, its blanks included; ``3`` and ``3.0`` have the same text."""
    return str(label) if isinstance(label, str) else canonical_text(label)


def codes_among(y: "pd.Series[Any]", classes: Iterable[Any]) -> Codes:
    """Return which of the classes each row is of, shape (n_rows,); -1 for none of them.

    Another file may write a label otherwise: a number as text, or a word with a blank behind it. It
    is recognised where that leaves no doubt which class is meant.

    Parameters
    ----------
    y : Series, shape (n_rows,)
        Labels of any dtype; missing ones are of no class.
    classes : iterable
        The labels to look for.
    """
    known = list(classes)
    lookups = [
        _unambiguous(_key(label) for label in known),
        _unambiguous(exact_text(label) for label in known),
        _unambiguous(canonical_text(label) for label in known),
    ]
    codes = np.full(len(y), -1, dtype=np.int64)
    present = np.flatnonzero(y.notna().to_numpy(dtype=bool))
    if not len(present):
        return codes
    found, distinct = encode_labels(y.iloc[present])
    place = np.full(len(distinct), -1, dtype=np.int64)
    for position, label in enumerate(distinct.tolist()):
        for lookup, name in zip(
            lookups, (_key(label), exact_text(label), canonical_text(label)), strict=True
        ):
            if name in lookup:
                place[position] = lookup[name]
                break
    codes[present] = place[found]
    return codes


def _unambiguous(names: Iterable[Hashable]) -> dict[Hashable, int]:
    """Return the position of each name, without the names that occur twice."""
    positions: dict[Hashable, int] = {}
    twice = set()
    for position, name in enumerate(names):
        if positions.setdefault(name, position) != position:
            twice.add(name)
    return {name: position for name, position in positions.items() if name not in twice}


def _label_array(y: "pd.Series[Any]") -> NDArray[Any]:
    """Return labels as a NumPy array, in their original type."""
    if isinstance(y.dtype, pd.CategoricalDtype):
        return _label_array(pd.Series(y.astype(y.cat.categories.dtype), name=y.name))
    if isinstance(y.dtype, np.dtype) and y.dtype != np.dtype(object):
        # Half floats and foreign byte orders are the storage of a number, not its value.
        return y.to_numpy().astype(y.dtype.newbyteorder("="), copy=False)
    if is_number(y.dtype) and "decimal" not in str(y.dtype):
        kind = "float64"
        if pd.api.types.is_bool_dtype(y.dtype) or str(y.dtype).startswith("bool"):
            kind = "bool"
        elif pd.api.types.is_unsigned_integer_dtype(y.dtype):
            kind = "uint64"
        elif pd.api.types.is_integer_dtype(y.dtype):
            kind = "int64"
        return y.to_numpy(dtype=np.dtype(kind))
    if pd.api.types.infer_dtype(y, skipna=True) == "boolean":
        return y.to_numpy(dtype=bool)
    if pd.api.types.infer_dtype(y, skipna=True) == "integer":
        try:
            return np.array(y.tolist(), dtype=np.int64)
        except OverflowError:
            pass  # larger than any integer of NumPy: they stay Python's own
    return _objects(y.tolist())


def _objects(cells: Sequence[Any]) -> NDArray[Any]:
    """Return a one-dimensional array of objects, whatever they are."""
    array = np.empty(len(cells), dtype=object)
    for position, cell in enumerate(cells):
        array[position] = cell
    return array


def _key(label: Any) -> Hashable:
    """Return what tells a label from others: its kind and its value."""
    if isinstance(label, (bool, np.bool_)):
        return ("truth", bool(label))
    if isinstance(label, str):
        return ("text", str(label))
    if isinstance(label, (int, float, np.integer, np.floating)):
        return ("number", label.item() if isinstance(label, np.generic) else label)
    try:
        hash(label)
    except TypeError:
        return (type(label).__name__, canonical_text(label))
    return (type(label).__name__, label)


def _sorted_positions(labels: list[Any]) -> list[int]:
    """Return the positions of labels in sorted order."""
    try:
        return sorted(range(len(labels)), key=labels.__getitem__)
    except TypeError:
        names = [(exact_text(label), type(label).__name__) for label in labels]
        return sorted(range(len(labels)), key=names.__getitem__)
