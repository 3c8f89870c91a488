"""Names of columns: unique strings for any table, and the column that a user named."""

import re
from collections.abc import Hashable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import pandas as pd

from espalier.pipelines.data.parsing.text_cells import without_half_characters
from espalier.pipelines.errors import UserError

_ID_TOKENS = frozenset({"id", "ids", "uid", "uuid", "guid", "rowid", "rownum", "idx", "index"})


def unique_names(columns: Iterable[Hashable]) -> list[str]:
    """Return one unique string per column, in order.

    Parameters
    ----------
    columns : iterable
        Column labels of any kind. Levels of a tuple are joined by ``_``; a missing label becomes
        ``unnamed``. The second ``a`` becomes ``a.1``, as `pandas.read_csv` has it, so that a table
        and its CSV file agree.
    """
    texts = [_text(label) for label in columns]
    first_uses = set(texts)
    seen: set[str] = set()
    names = []
    for text in texts:
        name, number = text, 0
        while name in seen or (number and name in first_uses):
            number += 1
            name = f"{text}.{number}"
        seen.add(name)
        names.append(name)
    return names


def with_unique_names(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table (a view of its data) with unique string column names."""
    names = unique_names(table.columns)
    return table if list(table.columns) == names else table.set_axis(names, axis=1)


def find_column(table: pd.DataFrame, name: Any, what: str) -> str:
    """Return the column called ``name``.

    Raises
    ------
    UserError
        There is no such column; the message suggests the nearest name.
    """
    text = str(name)
    if text in table.columns:
        return text
    names = [str(column) for column in table.columns]
    folded = {column.casefold(): column for column in reversed(names)}
    near = get_close_matches(text.casefold(), list(folded), n=1, cutoff=0.6)
    hint = f"did you mean {folded[near[0]]!r}?" if near else f"there are: {named_list(names)}"
    raise UserError(f"{what} {text!r} is not in the table; {hint}")


def is_id_name(name: str) -> bool:
    """Whether a column's name says that it is an identifier.

    Examples
    --------
    >>> [is_id_name(name) for name in ("customer_id", "PassengerId", "idea", "Unnamed: 0")]
    [True, True, False, True]
    """
    if re.fullmatch(r"unnamed(: \d+)?", name.strip().lower()):
        return True
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    tokens = re.findall(r"[a-z]+", spaced.lower())
    return bool(tokens) and (tokens[-1] in _ID_TOKENS or tokens[0] in _ID_TOKENS)


def _text(label: Hashable) -> str:
    """Return the text of one label."""
    if isinstance(label, tuple):
        return without_half_characters("_".join(str(part) for part in label if str(part)))
    if label is None or (isinstance(label, float) and label != label):
        return "unnamed"
    return without_half_characters(str(label))


def named_list(names: Sequence[str]) -> str:
    """Join at most ten names for a message."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(repr(name) for name in names[:10]) + more
