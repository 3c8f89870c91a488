"""Columns of a C file: numbers and strings in arrays, strings looked up by a function."""

from collections.abc import Sequence

import numpy as np

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.features.columns import Columns
from espalier.pipelines.export.onnx.graph.graph import Tensor

OWN = "espalier"
"""Domain of the one operator that ONNX does not have."""


class CColumns(Columns):
    """The raw columns as a C file takes them; text has no form in it."""

    def text(self, name: str) -> Tensor:
        """Refuse a text column.

        Raises
        ------
        CannotExportError
            Always.
        """
        raise CannotExportError(
            f"text column {name!r}", advice="export onnx, or train with --portable c"
        )

    def places(self, names: Sequence[str]) -> Tensor:
        """Return the place of each string in the `Lookups`, int64 of shape (1, n_names)."""
        graph, looked_up = self.graph, self.lookups.columns
        cells = [self.strings[name] for name in looked_up]
        found = graph.op("Places", *cells, domain=OWN)
        chosen = [looked_up.index(name) for name in names]
        return graph.take(found, np.array(chosen))
