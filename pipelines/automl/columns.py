"""Which column of a later table is which column of the training: by their labels, of any type."""

import warnings
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from espalier.pipelines.data.parsing.column_names import unique_names
from espalier.pipelines.errors import MissingColumnsError

Labels = tuple[Hashable, ...]


def column_labels(X: Any) -> Labels | None:
    """Return the labels of a table's columns, as they are; None for an array, which has none."""
    columns = getattr(X, "columns", None)
    if columns is None or hasattr(X, "column_names"):  # an Arrow table calls its cells columns
        columns = getattr(X, "column_names", None)
    return None if columns is None else tuple(columns)


def warn_of_equal_labels(labels: Labels | None) -> None:
    """Warn where columns of a training share a label, as nothing but their order tells them."""
    if labels is None:
        return
    shared = sorted({str(key[1]) for key in _numbered(labels) if key[2]})
    if shared:
        warnings.warn(
            f"X has several columns called {', '.join(map(repr, shared[:5]))}: they are told apart "
            "by their order, which must be the same later",
            UserWarning,
            stacklevel=3,
        )


def match_columns(labels: Labels, trained: Labels) -> list[int]:
    """Return the position of each column of the training in a later table.

    Parameters
    ----------
    labels : tuple
        The columns of the later table, which may have another order and more columns.
    trained : tuple
        Those of the training. Columns that share a label are told apart by their order.

    Raises
    ------
    MissingColumnsError
        Columns are missing; all of them are named.
    """
    wanted = _numbered(trained)
    places = {key: at for at, key in enumerate(_numbered(labels))}
    if all(key in places for key in wanted):
        return [places[key] for key in wanted]
    # A table that has been in a file has texts for labels: 0 came back as "0".
    texts, names = unique_names(labels), unique_names(trained)
    if _tells_apart(trained) and _tells_apart(labels):
        positions = {name: at for at, name in enumerate(texts)}
        missing = tuple(name for name in names if name not in positions)
        if not missing:
            return [positions[name] for name in names]
    else:
        missing = tuple(name for name, key in zip(names, wanted, strict=True) if key not in places)
    raise MissingColumnsError(missing, "the table")


def numbered_columns(labels: Labels) -> list[int]:
    """Return the order of a table's columns for a model that was trained on an array.

    An array's columns are known by their number alone: labels 3, 2, 1, 0 name them in another
    order, any other labels say nothing.
    """
    numbers = {label: at for at, label in enumerate(labels) if isinstance(label, int | np.integer)}
    if len(numbers) == len(labels) and set(numbers) == set(range(len(labels))):
        return [numbers[position] for position in range(len(labels))]
    warnings.warn(
        "X has column names, but the model was trained on an array without them: its columns are "
        "taken in the order given",
        UserWarning,
        stacklevel=4,
    )
    return list(range(len(labels)))


def _tells_apart(labels: Sequence[Hashable]) -> bool:
    """Whether every label has a text of its own."""
    texts = unique_names(labels)
    return len(set(labels)) == len(labels) and all(
        unique_names([label]) == [text] for label, text in zip(labels, texts, strict=True)
    )


def _numbered(labels: Labels) -> list[tuple[str, Hashable, int]]:
    """Return a key for each label; the second of two equal labels has another one."""
    seen: dict[Hashable, int] = {}
    keys: list[tuple[str, Hashable, int]] = []
    for label in labels:
        kind = "text" if isinstance(label, str) else ""
        known: Hashable = "missing" if label is None or label != label else label
        count = seen.get((kind, known), 0)
        seen[kind, known] = count + 1
        keys.append((kind, known, count))
    return keys
