"""The text of a C file: constants, memory, and one statement after the other."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.c.columns import OWN
from espalier.pipelines.export.c.operators import Values, statements
from espalier.pipelines.export.c.shapes import Shapes, c_type, shapes_of
from espalier.pipelines.export.c.trees import WALK, forest_arrays
from espalier.pipelines.export.onnx.features.lookups import Lookups
from espalier.pipelines.export.onnx.graph.graph import Graph, Node

_A_LINE = 8
# Every tensor starts where a double may.
_ALIGNED = 8


@dataclass(slots=True)
class Memory:
    """Places of tensors in one block of memory; those that nothing needs any more are used again.

    Attributes
    ----------
    size : int
        Bytes in use at most.
    """

    size: int = 0
    _free: list[tuple[int, int]] = field(default_factory=list)

    def take(self, n_bytes: int) -> int:
        """Return the first byte of a place of this size."""
        n_bytes = -(-n_bytes // _ALIGNED) * _ALIGNED
        for at, (start, length) in enumerate(self._free):
            if length >= n_bytes:
                rest = (start + n_bytes, length - n_bytes)
                self._free[at : at + 1] = [rest] if rest[1] else []
                return start
        start = self.size
        self.size += n_bytes
        return start

    def give_back(self, start: int, n_bytes: int) -> None:
        """Free a place, and join it with free ones beside it."""
        n_bytes = -(-n_bytes // _ALIGNED) * _ALIGNED
        places = sorted([*self._free, (start, n_bytes)])
        self._free = []
        for at, length in places:
            if self._free and sum(self._free[-1]) == at:
                self._free[-1] = (self._free[-1][0], self._free[-1][1] + length)
            else:
                self._free.append((at, length))


@dataclass(frozen=True, slots=True)
class Source:
    """A C file.

    Attributes
    ----------
    body : str
        Constants, functions and the statements of ``evaluate``.
    n_bytes : int
        Bytes of memory that the caller gives.
    """

    body: str
    n_bytes: int


def source_of(graph: Graph, lookups: Lookups) -> Source:
    """Return the C of a graph: ``evaluate(numbers, strings, outputs, memory)``.

    Raises
    ------
    CannotExportError
        There is no C for a part of it.
    """
    shapes = shapes_of(graph)
    writer = _Writer(graph, shapes, lookups)
    return writer.write()


class _Writer:
    """Write one graph."""

    def __init__(self, graph: Graph, shapes: Shapes, lookups: Lookups) -> None:
        self.graph, self.shapes, self.lookups = graph, shapes, lookups
        self.memory = Memory()
        self.places: dict[str, int] = {}
        self.constants: dict[str, list[str]] = {}
        kinds = graph.inputs.items()
        self.numbers = [name for name, (dtype, _) in kinds if dtype.kind != "O"]
        self.strings = [name for name, (dtype, _) in kinds if dtype.kind == "O"]
        self.values = Values(self._name, self._like)

    def write(self) -> Source:
        """Return the file."""
        lines: list[str] = []
        last = self._last_uses()
        for number, node in enumerate(self.shapes.nodes):
            for name in node.outputs:
                like = self.shapes.like[name]
                self.places[name] = self.memory.take(max(1, like.nbytes))
            lines += self._statements(node)
            for name in {*node.inputs, *node.outputs}:
                if name in self.places and last.get(name, number) <= number:
                    size = max(1, self.shapes.like[name].nbytes)
                    self.memory.give_back(self.places.pop(name), size)
        for place, (tensor, _, _) in enumerate(self.graph.outputs.values()):
            size = self._like(tensor).size
            cell = f"outputs[{place}][o] = (double){self._name(tensor)}[o];"
            lines.append(f"for (size_t o = 0; o < {size}; ++o) {cell}")
        constants = "\n".join(line for each in self.constants.values() for line in each)
        text = "\n".join(f"  {line}" for line in lines)
        head = (
            "static void evaluate(const double *numbers, const char *const *strings,\n"
            "                     double *const *outputs, unsigned char *memory) {\n"
        )
        body = f"{WALK}{self._lookup()}\n{constants}\n\n{head}{text}\n}}\n"
        return Source(body, max(_ALIGNED, self.memory.size))

    def _last_uses(self) -> dict[str, int]:
        """Return the number of the last node that reads each tensor; outputs are read after all."""
        last: dict[str, int] = {}
        for number, node in enumerate(self.shapes.nodes):
            for name in node.inputs:
                last[name] = number
        after = len(self.shapes.nodes)
        return last | {tensor: after for tensor, _, _ in self.graph.outputs.values()}

    def _statements(self, node: Node) -> list[str]:
        if node.domain == OWN:
            return [f"look_up(strings, {self._name(node.outputs[0])});"]
        if node.operator != "TreeEnsemble":
            return statements(node, self.values)
        out, size = self._name(node.outputs[0]), self._like(node.outputs[0]).size
        fields = {
            name: self._constant(f"{node.outputs[0]} {name}", array)
            for name, array in forest_arrays(node).items()
        }
        n_trees = len(node.attributes["tree_roots"])  # type: ignore[arg-type]
        given = ", ".join(f".{name} = {array}" for name, array in fields.items())
        name = f"forest_{len(self.constants)}"
        self.constants[name] = [
            f"static const forest_t {name} = {{{given}, .n_trees = {n_trees}}};"
        ]
        zero = f"for (size_t o = 0; o < {size}; ++o) {out}[o] = 0;"
        return [zero, f"walk(&{name}, {self._name(node.inputs[0])}, {out});"]

    def _name(self, tensor: str) -> str:
        """Return the C expression of a tensor's array."""
        if tensor in self.numbers:
            return f"(numbers + {self.numbers.index(tensor)})"
        if tensor in self.shapes.fixed:
            return self._constant(tensor, self.shapes.fixed[tensor])
        kind = c_type(self.shapes.like[tensor].dtype)
        return f"(({kind} *)(memory + {self.places[tensor]}))"

    def _like(self, tensor: str) -> NDArray[Any]:
        fixed = self.shapes.fixed
        return fixed[tensor] if tensor in fixed else self.shapes.like[tensor]

    def _constant(self, tensor: str, array: NDArray[Any]) -> str:
        """Return the name of a constant array, and remember to declare it."""
        name = "k" + re.sub(r"\W", "_", tensor)
        if name not in self.constants:
            kinds = {"int32": "int32_t", "uint8": "uint8_t"}
            kind = kinds.get(str(array.dtype)) or c_type(array.dtype)
            cells = [_literal(each) for each in array.ravel().tolist()]
            lines = [
                "  " + ", ".join(cells[at : at + _A_LINE]) for at in range(0, len(cells), _A_LINE)
            ]
            if array.dtype == np.float32:
                lines = [re.sub(r"([0-9.])(,|$)", r"\1f\2", line) for line in lines]
            size = max(1, array.size)
            joined = ",\n".join(lines) or "  0"
            self.constants[name] = [f"static const {kind} {name}[{size}] = {{", joined + "};"]
        return name

    def _lookup(self) -> str:
        """Return the function that looks all strings up."""
        if not self.lookups.columns or not self.strings:
            return ""
        keys, places = self.lookups.keys()
        lines = ["typedef struct { const char *text; int64_t place; } level_t;"]
        calls = []
        for number, name in enumerate(self.lookups.columns):
            prefix = f"{number}:"
            own = sorted(
                (key.removeprefix(prefix).encode(), place)
                for key, place in zip(keys, places, strict=True)
                if key.startswith(prefix)
            )
            cells = ", ".join(f"{{{quoted(text)}, {place}}}" for text, place in own)
            lines.append(f"static const level_t levels_{number}[] = {{{cells}}};")
            source = self.strings.index(name)
            unknown = int(self.lookups.unknown[number])
            found = f"find(levels_{number}, {len(own)}, strings[{source}], {unknown})"
            calls.append(f"  places[{number}] = {found};")
        body = "\n".join(calls)
        return (
            "\n".join(lines)
            + _FIND
            + f"static void look_up(const char *const *strings, int64_t *places) {{\n{body}\n}}\n"
        )


_FIND = """
/* The place of a string among sorted ones; blanks around it do not count. */
static int64_t find(const level_t *levels, size_t n, const char *text, int64_t unknown) {
  size_t low = 0, length;
  if (text == NULL) text = "";
  while (isspace((unsigned char)*text)) ++text;
  length = strlen(text);
  while (length > 0 && isspace((unsigned char)text[length - 1])) --length;
  while (low < n) {
    const size_t middle = low + (n - low) / 2;
    int order = strncmp(levels[middle].text, text, length);
    if (order == 0 && levels[middle].text[length] != 0) order = 1;
    if (order == 0) return levels[middle].place;
    if (order < 0) low = middle + 1; else n = middle;
  }
  return unknown;
}
"""


def quoted(text: bytes) -> str:
    """Return a C string literal."""
    made = ""
    for each in text:
        made += chr(each) if 32 <= each < 127 and chr(each) not in '"\\?' else f"\\{each:03o}"
    return f'"{made}"'


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        if value != value:
            return "NAN"
        if value in (float("inf"), float("-inf")):
            return "INFINITY" if value > 0 else "-INFINITY"
        return repr(value)
    return f"INT64_C({value})" if abs(value) > 2**31 - 1 else str(value)
