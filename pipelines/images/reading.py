"""How a column of pictures is read: each cell as the vector that a frozen network makes of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.frozen.embedding import Embedded, embed_cells
from espalier.pipelines.frozen.network import need_package
from espalier.pipelines.frozen.store import VectorStore
from espalier.pipelines.images.cells import PictureFiles, carried
from espalier.pipelines.images.lite0 import Lite0
from espalier.pipelines.images.looks import BEST_LOOK, Look
from espalier.pipelines.resources.budget import NEVER, Deadline

VISION_PACKAGES = ("PIL", "onnxruntime")
"""What the extra ``vision`` brings, by the names they are imported by."""


@dataclass(frozen=True, slots=True)
class ImageReading:
    """Parses pictures as vectors; nothing is fitted, so training and serving agree.

    Attributes
    ----------
    look : Look
        How closely the network looks at a picture.
    root : str
        Folder or zip archive that relative paths of the training started from.
    """

    look: Look = BEST_LOOK
    root: str = ""

    @property
    def packages(self) -> tuple[str, ...]:
        """Distributions that a model with such a column needs."""
        return ("onnxruntime", "pillow")

    @property
    def weights(self) -> str:
        """Folder of `espalier.pipelines` whose weights it needs."""
        return "images"

    def read(self, series: "pd.Series[Any]") -> NDArray[Any]:
        """Return objects, shape (n_rows,): a float16 vector, or NaN where there is no picture."""
        return self.embed(series).cells

    def embed(
        self,
        series: "pd.Series[Any]",
        *,
        store: VectorStore | None = None,
        deadline: Deadline = NEVER,
        partial: bool = False,
        foresee: bool = False,
    ) -> Embedded:
        """Return the vectors of a column, with the rows whose pictures cannot be used.

        Parameters
        ----------
        series : Series
            Cells as `espalier.pipelines.images.cells.PictureFiles` takes them.
        store, deadline, partial, foresee
            As for `embed_cells`.

        Raises
        ------
        UserError
            A package is missing.
        TimeoutError
            The deadline passed.
        """
        need_vision()
        return embed_cells(
            raw_cells(series),
            PictureFiles(self.root).load,
            Lite0(self.look),
            store=store,
            deadline=deadline,
            partial=partial,
            foresee=foresee,
        )

    def carry(self, series: "pd.Series[Any]") -> "pd.Series[Any]":
        """Return the cells as small pictures in data URIs; those of no use stay as they are."""
        files = PictureFiles(self.root)
        found = []
        for cell in raw_cells(series):
            content = files.load(cell) if isinstance(cell, str) or _is_there(cell) else "missing"
            small = None if isinstance(content, str) else carried(content)
            found.append(cell if small is None else small)
        return pd.Series(found, index=series.index, name=series.name, dtype=object)


def need_vision() -> None:
    """Raise a `UserError` that names the extra to install if a package is missing."""
    for package in VISION_PACKAGES:
        need_package(package, "vision", "a column of pictures")


def raw_cells(series: "pd.Series[Any]") -> list[Any]:
    """Return the cells of a column as they are."""
    return series.to_numpy(dtype=object).tolist() if len(series) else []


def _is_there(cell: Any) -> bool:
    return not (cell is None or (isinstance(cell, float) and np.isnan(cell)))
