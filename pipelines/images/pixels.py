"""The pixels of picture columns as columns of their own, for networks that are trained on them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.architectures.packages import has_deep
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.readings import ColumnPlan
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.frozen.embedding import embed_cells
from espalier.pipelines.images.cells import PictureFiles
from espalier.pipelines.images.decoding import decode_or_reason
from espalier.pipelines.images.reading import ImageReading, need_vision, raw_cells
from espalier.pipelines.resources.budget import NEVER, Deadline

SIDES = (64, 48, 32, 24, 16)
"""Sides that pictures are kept at for networks, the best first."""
MOST_BYTES = 256 << 20
"""Most memory that the pixels of a table may take."""
# Share of the budget that a network has on one core, less the start of PyTorch: beside other
# families, and where there is nothing else to spend it on.
_SHARE, _SHARE_ALONE, _START_SECONDS = 0.3, 0.6, 4.0
# Seconds that a core takes to train a small network on one picture of one pixel, once.
_SECONDS_A_PIXEL = 1.9e-6
# Times that a picture is seen: eight epochs on three folds, less the rows that validate.
_VISITS = 13.0
_LATEST_SHARE = 0.1
_SCHEME = 1


@dataclass(frozen=True, slots=True)
class PixelReading:
    """Parses pictures as pixels; nothing is fitted, so training and serving agree.

    Attributes
    ----------
    side : int
        Pictures are scaled to so many pixels in width and height.
    root : str
        Folder or zip archive that relative paths of the training started from.
    """

    side: int
    root: str = ""

    @property
    def packages(self) -> tuple[str, ...]:
        """Distributions that a model with such a column needs."""
        return ("onnxruntime", "pillow")

    @property
    def weights(self) -> str:
        """Folder of `espalier.pipelines` whose weights the pictures' other reading needs."""
        return "images"

    def read(self, series: "pd.Series[Any]") -> NDArray[Any]:
        """Return objects, shape (n_rows,): flat uint8 colours, or NaN without a picture."""
        return self.pixels(series)

    def pixels(self, series: "pd.Series[Any]", *, deadline: Deadline = NEVER) -> NDArray[Any]:
        """Return the pixels of a column, as `read`; those that are known come from the store.

        Raises
        ------
        UserError
            A package is missing.
        TimeoutError
            The deadline passed.
        """
        need_vision()
        found = embed_cells(
            raw_cells(series), PictureFiles(self.root).load, _Decoder(self.side), deadline=deadline
        ).cells
        # The store keeps 16-bit floats, in which every byte has its own number.
        made = np.full(len(found), np.nan, dtype=object)
        for row, cell in enumerate(found):
            if isinstance(cell, np.ndarray):
                made[row] = cell.astype(np.uint8)
        return made


@dataclass(frozen=True, slots=True)
class _Decoder:
    """Decodes pictures, in the place of a frozen network."""

    side: int

    @property
    def identity(self) -> str:
        return f"pixels-{self.side}-v{_SCHEME}"

    def embed(self, contents: Sequence[Any]) -> "list[NDArray[np.float32] | str]":
        return [self._decoded(each) for each in contents]

    def _decoded(self, content: bytes) -> "NDArray[np.float32] | str":
        found = decode_or_reason(content, self.side)
        return found if isinstance(found, str) else found.ravel().astype(np.float32)


def with_pixels(
    table: pd.DataFrame,
    preparation: Preparation,
    features: pd.DataFrame,
    *,
    side: int | None = None,
    alone: bool = False,
    seconds: float | None,
    deadline: Deadline = NEVER,
) -> tuple[Preparation, pd.DataFrame]:
    """Return a prepared table, its preparation first, with the pixels of its pictures.

    They are added where networks can be trained on them: the extra is installed, and the time
    allows for a small one.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_raw_columns)
        Raw rows.
    preparation, features
        What `espalier.pipelines.data.prepare.prepare` returned for them.
    side : int or None
        The side of the pixels, where earlier trials have seen them, however long they take to
        read; None for what the time allows.
    alone : bool
        Whether no other families are searched.
    seconds : float or None
        The time budget of the training; None for no limit.
    deadline : Deadline
        When this must be done.
    """
    plans = [each for each in preparation.plans if isinstance(each.reading, ImageReading)]
    if not plans:
        return preparation, features
    if not has_deep():
        return replace(preparation, notes=(*preparation.notes, _what_is_missing(plans))), features
    soon = deadline if seconds is None else deadline.sooner(_LATEST_SHARE * seconds)
    if side is None:
        side = affordable_side(len(table), len(plans), seconds, alone=alone)
    else:
        soon = NEVER
    if not side:
        return preparation, features
    table = with_unique_names(table)
    added: dict[str, NDArray[Any]] = {}
    made: list[ColumnPlan] = []
    for plan in plans:
        assert isinstance(plan.reading, ImageReading)  # chosen so
        reading = PixelReading(side, plan.reading.root)
        try:
            cells = reading.pixels(table[plan.raw], deadline=soon)
        except TimeoutError:  # the search is worth more than what is left of the time
            return preparation, features
        name = pixels_name(plan.name)
        made.append(ColumnPlan(name, ColumnRole.PIXELS, reading, source=plan.raw))
        added[name] = cells
    more = pd.DataFrame(added, index=features.index, dtype=object)
    extended = replace(preparation, plans=(*preparation.plans, *made))
    return extended, pd.concat([features, more], axis=1)


def kept_side(preparation: Preparation) -> int:
    """Return the side of the pixels that a model's networks see; 0 if it has none."""
    readings = (plan.reading for plan in preparation.plans)
    return max((each.side for each in readings if isinstance(each, PixelReading)), default=0)


def pixels_name(picture_column: str) -> str:
    """Return the name of the prepared column with the pixels of a picture column."""
    return f"pixels of {picture_column}"


def affordable_side(
    n_rows: int, n_pictures: int, seconds: float | None, *, alone: bool = False
) -> int:
    """Return the side at which pictures are kept; 0 where there is no time for any network.

    Who asks for nothing but networks gets one of the smallest pictures in any case: it learns until
    the time is up.

    Parameters
    ----------
    n_rows, n_pictures : int
        Rows, and picture columns.
    seconds : float or None
        The time budget of the training; None for no limit.
    alone : bool
        Whether no other families are searched.
    """
    n_cells = max(1, n_rows * n_pictures)
    side = math.sqrt(MOST_BYTES / (3 * n_cells))
    if seconds is not None:
        time = max(0.0, (_SHARE_ALONE if alone else _SHARE) * seconds - _START_SECONDS)
        least = SIDES[-1] if alone else 0
        side = min(side, max(least, math.sqrt(time / (_VISITS * _SECONDS_A_PIXEL * n_cells))))
    return next((each for each in SIDES if each <= side), 0)


def _what_is_missing(plans: Sequence[ColumnPlan]) -> str:
    listed = ", ".join(repr(each.name) for each in plans)
    return (
        f"the pictures of {listed} are read by a frozen network alone; with "
        "pip install 'espalier[deep]' small networks are trained on them too, which is better for "
        "signs, digits and scans"
    )
