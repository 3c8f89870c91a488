"""The raw columns as inputs of the graph, and what every member reads from them.

How raw cells are given to the file

=============  =========================  ======================================================
column         tensor, shape (n_rows, 1)  missing cell
=============  =========================  ======================================================
number         float64; true is 1         NaN (infinities count as missing)
date           float64, seconds since     NaN
               1970-01-01 00:00 on the
               clock of the column
category,      string; a number as its    empty string, or one of ``nan``, ``NaN``, ``<NA>``,
text           text (``3``, ``0.5``)      ``NaT``
=============  =========================  ======================================================

Blanks around strings do not count. Numbers and dates that a raw file holds as text are parsed
before they are given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.parsing.text_cells import MISSING_TEXTS
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.features.lookups import Lookups
from espalier.pipelines.export.onnx.graph.graph import CONTRIB, ML, Graph, Tensor

# All between the first and the last character that is no blank.
_WITHOUT_BLANKS = r"(?s)[^\s\p{Z}](?:.*[^\s\p{Z}])?"
_NUMBERS = (ColumnRole.NUMERIC, ColumnRole.DATETIME, ColumnRole.TIME)
_STRINGS = (ColumnRole.CATEGORICAL, ColumnRole.TEXT)

# Why a column of an array has no input, and what to do.
_PICTURES = ("which holds pictures", "train without it (--exclude)")
_REFUSED = {
    ColumnRole.IMAGE: _PICTURES,
    ColumnRole.PIXELS: _PICTURES,
    ColumnRole.MEANING: (
        "which a network made",
        "train it again with --portable onnx, which takes the words of texts alone",
    ),
}


@dataclass(slots=True)
class Columns:
    """The prepared columns of the rows to score.

    Attributes
    ----------
    graph : Graph
        Where nodes are added.
    lookups : Lookups
        The strings that are known.
    numbers : dict of str to str
        For each number or date its tensor, float64 of shape (n_rows, 1).
    strings : dict of str to str
        For each string its tensor as given, shape (n_rows, 1).
    """

    graph: Graph
    lookups: Lookups
    numbers: dict[str, Tensor] = field(default_factory=dict)
    strings: dict[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, preparation: Preparation, lookups: Lookups, graph: Graph) -> "Columns":
        """Declare one input per column.

        Raises
        ------
        CannotExportError
            A column holds neither numbers, dates nor strings.
        """
        made = cls(graph, lookups)
        for name, role in preparation.roles.items():
            if role in _NUMBERS:
                made.numbers[name] = graph.add_input(name, np.float64, (None, 1))
            elif role in _STRINGS:
                made.strings[name] = graph.add_input(name, object, (None, 1))
            else:
                held, advice = _REFUSED[role]
                raise CannotExportError(f"column {name!r}, {held}", advice=advice)
        return made

    def number_table(self, names: Sequence[str]) -> Tensor:
        """Return numbers or dates side by side, float64; infinities are NaN."""
        graph = self.graph
        table = graph.join([self.numbers[name] for name in names])
        return graph.op("Where", graph.op("IsInf", table), np.float64(np.nan), table)

    def with_numbers(self, more: dict[str, Tensor]) -> "Columns":
        """Return the same columns and further numbers, float64 of shape (n_rows, 1)."""
        return type(self)(self.graph, self.lookups, self.numbers | more, self.strings)

    def text(self, name: str) -> Tensor:
        """Return a string column without blanks around the strings, shape (n_rows,).

        Missing cells are empty.
        """
        graph = self.graph
        position = list(self.strings).index(name)
        column = graph.op("Gather", self._stripped(), np.array(position), axis=1)
        texts = sorted(MISSING_TEXTS)
        missing = graph.op(
            "LabelEncoder",
            column,
            domain=ML,
            keys_strings=texts,
            values_int64s=[1] * len(texts),
            default_int64=0,
        )
        empty = np.array("", dtype=object)
        return graph.op("Where", graph.op("Equal", missing, np.int64(1)), empty, column)

    def places(self, names: Sequence[str]) -> Tensor:
        """Return the place of each string in the `Lookups`, int64 of shape (n_rows, n_names)."""
        graph, looked_up = self.graph, self.lookups.columns
        own = list(self.strings)
        cells = graph.take(self._stripped(), [own.index(name) for name in looked_up])
        prefixes = np.array([[f"{number}:" for number in range(len(looked_up))]], dtype=object)
        keys, places = self.lookups.keys()
        found = graph.op(
            "LabelEncoder",
            graph.op("StringConcat", prefixes, cells),
            domain=ML,
            keys_strings=keys,
            values_int64s=places,
            default_int64=-1,
        )
        known = graph.op("Less", found, np.int64(0))
        found = graph.op("Where", known, self.lookups.unknown[None, :], found)
        chosen = [looked_up.index(name) for name in names]
        return found if chosen == list(range(len(looked_up))) else graph.take(found, chosen)

    def repeat(self, row: np.ndarray) -> Tensor:
        """Return ``row``, shape (1, n_columns), once for each row to score."""
        any_column = next(iter([*self.numbers.values(), *self.strings.values()]))
        graph = self.graph
        n_rows = graph.op("Shape", any_column, start=0, end=1)
        size = graph.op("Concat", n_rows, np.array([row.shape[1]]), axis=0)
        return graph.op("Expand", row, size)

    def _stripped(self) -> Tensor:
        """Return all strings without blanks around them, shape (n_rows, n_strings)."""
        graph = self.graph
        cells = graph.join(list(self.strings.values()))
        pieces = graph.op(
            "Tokenizer",
            graph.op("Reshape", cells, np.array([-1])),
            domain=CONTRIB,
            mark=0,
            mincharnum=1,
            pad_value="",
            tokenexp=_WITHOUT_BLANKS,
        )
        # Where no row has a string there is not a single column of pieces.
        blank = np.array([[""]], dtype=object)
        shape = graph.op("Concat", graph.op("Shape", pieces, start=0, end=1), np.array([1]), axis=0)
        padded = graph.op("Concat", pieces, graph.op("Expand", blank, shape), axis=1)
        first = graph.op("Gather", padded, np.array(0), axis=1)
        return graph.op("Reshape", first, np.array([-1, len(self.strings)]))
