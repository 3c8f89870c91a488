"""Pictures and sentences as a few numbers, so that their drift is measured as that of any column.

Paths of new pictures are all new, and their lengths say nothing. What a frozen network sees in
them is projected on the first principal directions of the training's rows; a camera that was
exchanged, or another kind of picture, moves these numbers.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.images.looks import Look
from espalier.pipelines.images.reading import ImageReading
from espalier.pipelines.preprocessing.vectors.column import VectorColumn
from espalier.pipelines.seeds import drawn_rows
from espalier.pipelines.texts.reading import MeaningReading

NUMBERS = 6
"""Numbers of each column."""
MOST_ROWS = 2_000
"""Rows of a table that are looked at: pictures take milliseconds each."""
_FEWEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorView:
    """How the cells of a raw column become a few numbers.

    Attributes
    ----------
    column : str
        Raw column of pictures or texts.
    reading : ImageReading or MeaningReading
        Makes vectors of its cells.
    mean : array, shape (width,)
        What is subtracted from a vector.
    directions : array, shape (width, n_numbers)
        What it is projected on.
    """

    column: str
    reading: ImageReading | MeaningReading
    mean: NDArray[np.float32]
    directions: NDArray[np.float32]

    @property
    def replaces(self) -> bool:
        """Whether the column itself is not compared: paths and bytes of pictures."""
        return isinstance(self.reading, ImageReading)

    def numbers(self, series: "pd.Series[Any]") -> pd.DataFrame:
        """Return the numbers of cells, shape (n_rows, n_numbers); NaN where there is no vector."""
        vectors = self.reading.read(series)
        known = np.array([isinstance(each, np.ndarray) for each in vectors], dtype=bool)
        found = np.full((len(vectors), self.directions.shape[1]), np.nan)
        if known.any():
            stacked = np.stack(list(vectors[known])).astype(np.float32)
            found[known] = (stacked - self.mean) @ self.directions
        what = "looks" if self.replaces else "meaning"
        names = [f"{self.column}: {what} {at + 1}" for at in range(found.shape[1])]
        return pd.DataFrame(found, columns=names)


def views_of(rows: pd.DataFrame, preparation: Preparation) -> tuple[VectorView, ...]:
    """Return a view of each raw column of pictures or sentences, learned from these rows.

    Parameters
    ----------
    rows : DataFrame
        Raw rows of the training.
    preparation : Preparation
        How their columns are read.
    """
    rows = _some(with_unique_names(rows))
    found = []
    for plan in preparation.plans:
        if not isinstance(plan.reading, ImageReading | MeaningReading) or plan.raw not in rows:
            continue
        vectors = pd.Series(plan.reading.read(rows[plan.raw]), dtype=object)
        if int(vectors.notna().sum()) < _FEWEST:
            continue
        fitted = VectorColumn("pca", NUMBERS, scale=False).fit(vectors)
        if fitted.directions_ is None:
            continue
        directions = np.zeros((fitted.width_, fitted.directions_.shape[1]), dtype=np.float32)
        directions[fitted.keep_] = fitted.directions_ / fitted.spread_[:, None]
        found.append(
            VectorView(
                column=plan.raw,
                reading=plan.reading,
                mean=fitted.mean_,
                directions=directions,
            )
        )
    return tuple(found)


def with_numbers(table: pd.DataFrame, views: Sequence[VectorView]) -> pd.DataFrame:
    """Return raw rows and the numbers of the views, at most `MOST_ROWS` where there are any."""
    if not views:
        return table
    table = _some(with_unique_names(table)).reset_index(drop=True)
    there = [view for view in views if view.column in table.columns]
    return pd.concat([table, *(view.numbers(table[view.column]) for view in there)], axis=1)


def compared(table: pd.DataFrame, views: Sequence[VectorView]) -> pd.DataFrame:
    """Return the columns of such rows that are compared: pictures only by their numbers."""
    left_out = {view.column for view in views if view.replaces}
    return table[[name for name in table.columns if name not in left_out]]


def as_seen(table: pd.DataFrame, views: Sequence[VectorView]) -> pd.DataFrame:
    """Return raw rows as they are compared, see `with_numbers` and `compared`."""
    return compared(with_numbers(table, views), views)


def views_to_json(views: Sequence[VectorView]) -> str:
    """Return the views as JSON; numbers are kept as float16."""
    return json.dumps(
        [
            {
                "column": view.column,
                "kind": "picture" if isinstance(view.reading, ImageReading) else "text",
                "with": str(view.reading.look)
                if isinstance(view.reading, ImageReading)
                else view.reading.network,
                "width": len(view.mean),
                "mean": _packed(view.mean),
                "directions": _packed(view.directions),
            }
            for view in views
        ]
    )


def views_from_json(text: str) -> tuple[VectorView, ...]:
    """Return the views from the output of `views_to_json`."""
    return tuple(
        VectorView(
            column=each["column"],
            reading=ImageReading(Look.parse(each["with"]))
            if each["kind"] == "picture"
            else MeaningReading(each["with"]),
            mean=_unpacked(each["mean"]),
            directions=_unpacked(each["directions"]).reshape(each["width"], -1),
        )
        for each in json.loads(text)
    )


def _some(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[drawn_rows(len(table), MOST_ROWS, seed=0)] if len(table) else table


def _packed(numbers: NDArray[Any]) -> str:
    return base64.b64encode(numbers.astype("<f2").tobytes()).decode()


def _unpacked(text: str) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(text), dtype="<f2").astype(np.float32)
