"""Operators as C statements, for one row.

Every function gets the node and what is known of its tensors, and returns lines of C. Tensors are
arrays; `Values.name` is the C expression of one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.c.shapes import c_type
from espalier.pipelines.export.onnx.graph.graph import Node

_INFIX = {
    "Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "And": "&&", "Or": "||", "Equal": "==",
    "Less": "<", "LessOrEqual": "<=", "Greater": ">", "GreaterOrEqual": ">=",
}  # fmt: skip
_FUNCTIONS = {
    "Abs": "fabs({0})", "Neg": "-({0})", "Exp": "exp({0})", "Log": "log({0})", "Cos": "cos({0})",
    "Sqrt": "sqrt({0})", "Floor": "floor({0})", "IsNaN": "isnan({0})", "IsInf": "isinf({0})",
    "Sign": "({0} > 0) - ({0} < 0)", "Relu": "({0} > 0 ? {0} : 0)",
    "Sigmoid": "1.0 / (1.0 + exp(-({0})))",
    "Where": "{0} ? {1} : {2}", "Mod": "(({0} % {1}) + {1}) % {1}", "Identity": "{0}",
    # A missing value stays one.
    "Max": "({0} < {1} ? {1} : {0})", "Min": "({0} > {1} ? {1} : {0})",
    "Clip": "({0} < {1} ? {1} : ({0} > {2} ? {2} : {0}))",
}  # fmt: skip
_COPIES = ("Reshape", "Squeeze", "Unsqueeze", "Identity")


@dataclass(frozen=True, slots=True)
class Values:
    """The tensors of a node.

    Attributes
    ----------
    name : callable (str) -> str
        The C expression of a tensor's array.
    like : callable (str) -> array
        An array of its type and shape; its value where it is fixed.
    """

    name: Callable[[str], str]
    like: Callable[[str], NDArray[Any]]


def statements(node: Node, values: Values) -> list[str]:
    """Return the C statements of a node.

    Raises
    ------
    CannotExportError
        There is no C for the operator.
    """
    if node.operator in _INFIX or node.operator in _FUNCTIONS:
        return _elementwise(node, values)
    if node.operator in _COPIES:
        size = values.like(node.outputs[0]).size
        return [f"memcpy({_out(node, values)}, {values.name(node.inputs[0])}, "
                f"{size} * sizeof *{_out(node, values)});"]  # fmt: skip
    if node.operator not in _OTHERS:
        raise CannotExportError(f"the operator {node.operator}", advice="export onnx instead")
    return _OTHERS[node.operator](node, values)


def _out(node: Node, values: Values, place: int = 0) -> str:
    return values.name(node.outputs[place])


def _axis(node: Node) -> int:
    """Return the axis that an operator works along; the first by default."""
    axis = node.attributes.get("axis", 0)
    assert isinstance(axis, int)  # all operators here have it so
    return axis


def _elementwise(node: Node, values: Values) -> list[str]:
    """Return a loop over the output, inputs repeated along axes of length 1."""
    output = values.like(node.outputs[0])
    cells = [_cell(each, values, output.shape) for each in node.inputs]
    if node.operator in _INFIX:
        value = f"{cells[0]} {_INFIX[node.operator]} {cells[1]}"
    else:
        value = _FUNCTIONS[node.operator].format(*cells)
    single = output.dtype == np.float32
    for each in ("exp", "log", "cos", "sqrt", "fabs", "floor") if single else ():
        value = value.replace(f"{each}(", f"{each}f(")
    return _loops(output.shape, f"{_out(node, values)}[o++] = {value};")


def _cell(tensor: str, values: Values, shape: tuple[int, ...]) -> str:
    """Return the cell of an input that belongs to the cell ``i0, i1, ...`` of the output."""
    own = values.like(tensor).shape
    own = (1,) * (len(shape) - len(own)) + own
    terms, stride = [], 1
    for axis in range(len(shape) - 1, -1, -1):
        if own[axis] > 1:
            terms.append(f"i{axis}" if stride == 1 else f"{stride} * i{axis}")
        stride *= own[axis]
    return f"{values.name(tensor)}[{' + '.join(reversed(terms)) or '0'}]"


def _loops(shape: tuple[int, ...], body: str, start: str = "size_t o = 0;") -> list[str]:
    """Return nested loops over the axes that are longer than 1."""
    used = [axis for axis, size in enumerate(shape) if size > 1]
    heads = [f"for (size_t i{axis} = 0; i{axis} < {shape[axis]}; ++i{axis})" for axis in used]
    return [f"{{ {start}", *[f"  {each}" for each in heads], f"    {body} }}"]


def _cast(node: Node, values: Values) -> list[str]:
    output = values.like(node.outputs[0])
    cell = f"{values.name(node.inputs[0])}[o]"
    made = f"({cell} != 0)" if output.dtype == bool else f"({c_type(output.dtype)}){cell}"
    return [f"for (size_t o = 0; o < {output.size}; ++o) {_out(node, values)}[o] = {made};"]


def _concat(node: Node, values: Values) -> list[str]:
    axis = _axis(node)
    output = values.like(node.outputs[0])
    outer = int(np.prod(output.shape[:axis], dtype=np.int64))
    if outer != 1:
        raise CannotExportError("a join of tables of several rows", advice="export onnx instead")
    lines, start = [], 0
    for each in node.inputs:
        size = values.like(each).size
        lines.append(
            f"memcpy({_out(node, values)} + {start}, {values.name(each)}, "
            f"{size} * sizeof *{_out(node, values)});"
        )
        start += size
    return lines


def _gather(node: Node, values: Values) -> list[str]:
    axis = _axis(node)
    table, chosen = (values.like(each) for each in node.inputs)
    outer = int(np.prod(table.shape[:axis], dtype=np.int64))
    inner = int(np.prod(table.shape[axis + 1 :], dtype=np.int64))
    length = table.shape[axis]
    source, index = (values.name(each) for each in node.inputs)
    cell = f"{source}[(a * {length} + (size_t){index}[b]) * {inner} + c]"
    return [
        "{ size_t o = 0;",
        f"  for (size_t a = 0; a < {outer}; ++a)",
        f"    for (size_t b = 0; b < {chosen.size}; ++b)",
        f"      for (size_t c = 0; c < {inner}; ++c) {_out(node, values)}[o++] = {cell}; }}",
    ]


def _gather_elements(node: Node, values: Values) -> list[str]:
    table, chosen = (values.like(each) for each in node.inputs)
    if _axis(node) == 0:
        place = f"(size_t){values.name(node.inputs[1])}[o] * {table.shape[1]} + o"
    else:
        place = f"(size_t){values.name(node.inputs[1])}[o]"
    source = values.name(node.inputs[0])
    return [
        f"for (size_t o = 0; o < {chosen.size}; ++o) {_out(node, values)}[o] = {source}[{place}];"
    ]


def _matmul(node: Node, values: Values) -> list[str]:
    first, second = (values.like(each) for each in node.inputs)
    batch = int(np.prod(values.like(node.outputs[0]).shape[:-2], dtype=np.int64))
    rows, inner = first.shape[-2:]
    columns = second.shape[-1]
    one = 0 if first.size == rows * inner else rows * inner
    two = 0 if second.size == inner * columns else inner * columns
    a, b = (values.name(each) for each in node.inputs)
    kind = c_type(values.like(node.outputs[0]).dtype)
    return [
        f"for (size_t n = 0; n < {batch}; ++n)",
        f"  for (size_t i = 0; i < {rows}; ++i)",
        f"    for (size_t j = 0; j < {columns}; ++j) {{",
        f"      {kind} sum = 0;",
        f"      for (size_t k = 0; k < {inner}; ++k)",
        f"        sum += {a}[n * {one} + i * {inner} + k] * {b}[n * {two} + k * {columns} + j];",
        f"      {_out(node, values)}[(n * {rows} + i) * {columns} + j] = sum; }}",
    ]


def _reduce(node: Node, values: Values) -> list[str]:
    source = values.like(node.inputs[0])
    axis = int(np.ravel(values.like(node.inputs[1]))[0])
    outer = int(np.prod(source.shape[:axis], dtype=np.int64))
    inner = int(np.prod(source.shape[axis + 1 :], dtype=np.int64))
    length = source.shape[axis]
    kind = c_type(source.dtype)
    mean = f" / {length}" if node.operator == "ReduceMean" else ""
    return [
        f"for (size_t a = 0; a < {outer}; ++a)",
        f"  for (size_t c = 0; c < {inner}; ++c) {{",
        f"    {kind} sum = 0;",
        f"    for (size_t b = 0; b < {length}; ++b)",
        f"      sum += {values.name(node.inputs[0])}[(a * {length} + b) * {inner} + c];",
        f"    {_out(node, values)}[a * {inner} + c] = sum{mean}; }}",
    ]


def _softmax(node: Node, values: Values) -> list[str]:
    size, source, out = (
        values.like(node.outputs[0]).size,
        values.name(node.inputs[0]),
        _out(node, values),
    )
    return [
        f"{{ double most = {source}[0], sum = 0;",
        f"  for (size_t o = 1; o < {size}; ++o) if ({source}[o] > most) most = {source}[o];",
        f"  for (size_t o = 0; o < {size}; ++o) sum += {out}[o] = exp({source}[o] - most);",
        f"  for (size_t o = 0; o < {size}; ++o) {out}[o] /= sum; }}",
    ]


def _argmax(node: Node, values: Values) -> list[str]:
    size, source = values.like(node.inputs[0]).size, values.name(node.inputs[0])
    out = _out(node, values)
    return [
        f"{out}[0] = 0;",
        f"for (size_t o = 1; o < {size}; ++o)",
        f"  if ({source}[o] > {source}[{out}[0]]) {out}[0] = (int64_t)o;",
    ]


def _expand(node: Node, values: Values) -> list[str]:
    shape = values.like(node.outputs[0]).shape
    cell = _cell(node.inputs[0], values, shape)
    return _loops(shape, f"{_out(node, values)}[o++] = {cell};")


def _cumulated(node: Node, values: Values) -> list[str]:
    size, source, out = (
        values.like(node.outputs[0]).size,
        values.name(node.inputs[0]),
        _out(node, values),
    )
    return [
        f"for (size_t o = 0; o < {size}; ++o)",
        f"  {out}[o] = {source}[o] + (o ? {out}[o - 1] : 0);",
    ]


def _sorted(node: Node, values: Values) -> list[str]:
    """Return a Shell sort of all values of the row, the smallest first, with their places."""
    size, source = values.like(node.inputs[0]).size, values.name(node.inputs[0])
    found, order = _out(node, values), _out(node, values, 1)
    return [
        f"for (size_t o = 0; o < {size}; ++o) {order}[o] = (int64_t)o;",
        f"for (size_t gap = {size} / 2; gap > 0; gap /= 2)",
        f"  for (size_t o = gap; o < {size}; ++o)",
        f"    for (size_t p = o; p >= gap && {source}[{order}[p]] < {source}[{order}[p - gap]];",
        "         p -= gap) {",
        f"      int64_t swap = {order}[p]; {order}[p] = {order}[p - gap];",
        f"      {order}[p - gap] = swap; }}",
        f"for (size_t o = 0; o < {size}; ++o) {found}[o] = {source}[{order}[o]];",
    ]


_OTHERS: dict[str, Callable[[Node, Values], list[str]]] = {
    "Cast": _cast,
    "Concat": _concat,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "MatMul": _matmul,
    "ReduceSum": _reduce,
    "ReduceMean": _reduce,
    "Softmax": _softmax,
    "ArgMax": _argmax,
    "CumSum": _cumulated,
    "Expand": _expand,
    "TopK": _sorted,
}
