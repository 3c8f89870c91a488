"""A member's feature matrix, and how `FeatureMatrix` makes it."""

from dataclasses import dataclass

import numpy as np

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.features.categories import category_columns
from espalier.pipelines.export.onnx.features.columns import Columns
from espalier.pipelines.export.onnx.features.dates import date_numbers
from espalier.pipelines.export.onnx.features.lookups import levels_of_formulas, string_blocks
from espalier.pipelines.export.onnx.features.numbers import number_columns
from espalier.pipelines.export.onnx.features.steps import apply_step
from espalier.pipelines.export.onnx.features.text import text_columns
from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor
from espalier.pipelines.preprocessing.matrix import FeatureMatrix


@dataclass(frozen=True, slots=True)
class Matrix:
    """The feature matrix of the rows to score.

    Attributes
    ----------
    graph : Graph
        Where nodes are added.
    tensor : str
        Float32, shape (n_rows, n_columns). Numbers, dates, categories and text are the same to
        the last bit as in the model, so that trees take the same branches; columns scaled by ranks
        or powers, and projections, may differ in the last one.
    """

    graph: Graph
    tensor: Tensor

    @property
    def doubles(self) -> Tensor:
        """The same numbers as float64."""
        return self.graph.cast(self.tensor, np.float64)


def feature_matrix(columns: Columns, features: FeatureMatrix) -> Matrix:
    """Return the matrix that a fitted feature matrix makes of the columns.

    Raises
    ------
    CannotExportError
        A step of it has no form in ONNX.
    """
    if getattr(features, "lookups_", None) is not None:
        raise CannotExportError("columns that are looked up by combinations of cells")
    graph = columns.graph
    parts: list[Tensor] = []
    names = [name for name, role in features.roles.items() if role is ColumnRole.NUMERIC]
    dates = [name for name, role in features.roles.items() if role.is_date]
    if names or dates:
        tables = [columns.number_table(names)] if names else []
        tables += [date_numbers(columns, dates, features.dates_)] if dates else []
        levels = None
        for own, block in levels_of_formulas(features):
            codes = category_columns(columns, own, block)
            levels = None if codes is None else graph.cast(codes, np.float64)
        made = number_columns(graph, graph.join(tables), features.numeric_, levels)
        if made is not None:
            parts.append(made)
    for own, block in string_blocks(features):
        made = category_columns(columns, own, block)
        if made is not None:
            parts.append(made)
    parts += [text_columns(columns, name, text) for name, text in features.texts_.items()]
    if not parts:
        return Matrix(graph, columns.repeat(np.zeros((1, 1), np.float32)))
    tensor = graph.join(parts)
    for step in features.steps_:
        tensor = apply_step(graph, tensor, step)
    return Matrix(graph, tensor)
