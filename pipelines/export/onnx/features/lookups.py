"""Which strings the models know: the levels of every column, over all members.

All strings of a row are looked up at once, whatever the number of columns and members: each column
has a range of *places*, one for every string that some member knows, one for any other string, and
one for a missing cell. What a member makes of a string is then a row of a table.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.text_cells import MISSING_TEXTS
from espalier.pipelines.preprocessing.matrix import FeatureMatrix


@dataclass(frozen=True, slots=True)
class Lookups:
    """The known strings of the columns that are looked up.

    Attributes
    ----------
    levels : dict of str to dict of str to int
        For each column its known strings and their number, from 0.
    """

    levels: dict[str, dict[str, int]]

    @classmethod
    def of(cls, matrices: Iterable[FeatureMatrix]) -> "Lookups":
        """Return the strings that these fitted feature matrices know."""
        found: dict[str, dict[str, int]] = {}

        def know(name: str, strings: Iterable[str]) -> None:
            own = found.setdefault(name, {})
            for each in strings:
                if each not in MISSING_TEXTS:
                    own.setdefault(each, len(own))

        for matrix in matrices:
            for names, block in (*string_blocks(matrix), *levels_of_formulas(matrix)):
                for name, levels in zip(names, block.codes_.levels_, strict=True):
                    know(name, levels)
            for name, text in matrix.texts_.items():
                if text.known_ is not None:
                    know(name, text.known_)
        return cls(found)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are looked up, in the order of their places."""
        return tuple(self.levels)

    @property
    def starts(self) -> NDArray[np.int64]:
        """First place of each column, and the number of all places."""
        return np.cumsum([0, *(len(each) + 2 for each in self.levels.values())])

    @property
    def unknown(self) -> NDArray[np.int64]:
        """Place of any other string of each column; that of a missing cell follows it."""
        return self.starts[1:] - 2

    def keys(self) -> tuple[list[str], list[int]]:
        """Return what to look up, ``column number:string``, and the places."""
        keys: list[str] = []
        places: list[int] = []
        for number, (start, own) in enumerate(zip(self.starts, self.levels.values(), strict=False)):
            for string, place in own.items():
                keys.append(f"{number}:{string}")
                places.append(int(start) + place)
            for string in sorted(MISSING_TEXTS):
                keys.append(f"{number}:{string}")
                places.append(int(start) + len(own) + 1)
        return keys, places

    def table(
        self,
        column: str,
        value: Callable[[str], Any],
        *,
        unknown: Any,
        missing: Any,
        dtype: Any,
    ) -> NDArray[Any]:
        """Return a value for each place of a column, in order."""
        values = [value(each) for each in self.levels[column]]
        return np.array([*values, unknown, missing], dtype=dtype)


def string_blocks(matrix: FeatureMatrix) -> list[tuple[list[str], Any]]:
    """Return the blocks of categories of a fitted feature matrix, with their columns."""
    blocks = []
    names = [name for name, role in matrix.roles.items() if role == "categorical"]
    if names:
        blocks.append((names, matrix.categorical_block_))
    if matrix.repeating_:
        blocks.append((list(matrix.repeating_), matrix.strings_block_))
    return blocks


def levels_of_formulas(matrix: FeatureMatrix) -> list[tuple[list[str], Any]]:
    """Return the block of codes that formulas of a fitted feature matrix use, with its columns."""
    block = getattr(matrix, "level_block_", None)  # older versions had none
    if block is None:
        return []
    return [([name for name, role in matrix.roles.items() if role == "categorical"], block)]
