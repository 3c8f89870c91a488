"""How cells of a table are quoted in messages: as they are to their owner, elsewhere by shape.

What a flow says is stored by Prefect, logged, and sent to chats. A cell may be somebody's name or
income, so there `Smith, 41` is quoted as `Xxxxx, 99`: what is wrong with a cell mostly shows in
its shape.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_HIDDEN: ContextVar[bool] = ContextVar("espalier_cells_hidden", default=False)
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")


@contextmanager
def cells_hidden() -> Iterator[None]:
    """Quote cells by their shape in this block, and in what copies its context."""
    token = _HIDDEN.set(True)
    try:
        yield
    finally:
        _HIDDEN.reset(token)


def cells_are_hidden() -> bool:
    """Return whether cells are quoted by their shape here."""
    return _HIDDEN.get()


def quoted_cell(text: str) -> str:
    """Return a cell as it may be quoted here."""
    return shape(text) if _HIDDEN.get() else text


def without_cells(message: str) -> str:
    """Return another library's message, with what it quotes by its shape where cells are hidden."""
    return _QUOTED.sub(lambda found: shape(found[0]), message) if _HIDDEN.get() else message


def listed_cells(cells: Iterable[str]) -> str:
    """Return cells for a list in parentheses, or nothing where cells are hidden."""
    return "" if _HIDDEN.get() else ", ".join(cells)


def shape(text: str) -> str:
    """Return a text with every digit as 9 and every letter as x or X.

    >>> shape("Smith, 1.041 €")
    'Xxxxx, 9.999 €'
    """
    return "".join(
        "9" if each.isdecimal() else "X" if each.isupper() else "x" if each.isalpha() else each
        for each in text
    )
