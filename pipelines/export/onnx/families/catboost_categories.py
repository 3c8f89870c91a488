"""CatBoost's statistics of categories: how often a category, or a combination, met each class.

A category is a hash, and so is a combination of categories and of comparisons of numbers. For a
hash that training has met there are counts, which together with a prior give a number that trees
compare with borders as they do with any column. (Prokhorenkova et al. 2018, section 3.)

Here categories are the codes of a column, so their hashes are tables, and statistics of a single
column are tables too. Hashes of combinations are computed for each row, by 64-bit integers that
overflow as CatBoost's do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.graph.graph import ML, Tensor
from espalier.pipelines.learners.families.catboost_trees import CatBoostModel

_MULTIPLIER = 0x4906BA494954CB65
_CITY_2, _CITY_3 = 0x9AE16A3B2F90404F, 0xC949D7C7509E6557
_CITY_MULTIPLIER, _ALL = 0x9DDFEA08EB382D69, (1 << 64) - 1
# A column has at most ten thousand levels, and codes for rare and missing cells.
_MOST_CODES = 10_002
_CATEGORY, _NUMBER, _EXACT = "cat_feature_value", "float_feature", "cat_feature_exact_value"


@dataclass(frozen=True, slots=True)
class CategoryColumns:
    """Columns that the trees compare beside the numbers, float32.

    Attributes
    ----------
    tensor : str
        Shape (n_rows, n_columns): a column for each statistic, then one for each category that
        trees ask for, 1 where the row has it.
    statistics : int
        Number of statistics.
    exact : dict of (int, int) to int
        Column of a category, by the feature and the hash.
    """

    tensor: Tensor
    statistics: int
    exact: dict[tuple[int, int], int]


def category_columns(
    matrix: Matrix, model: CatBoostModel, saved: Mapping[str, Any]
) -> CategoryColumns | None:
    """Return the statistics that a model's trees compare; None without categories.

    Parameters
    ----------
    matrix : Matrix
        The rows.
    model : CatBoostModel
        The fitted model.
    saved : mapping
        What CatBoost writes as JSON.

    Raises
    ------
    CannotExportError
        It has a statistic of another kind than those known here.
    """
    if not model.categorical_:
        return None
    graph = matrix.graph
    columns = _Columns(matrix, model)
    parts = [
        columns.statistic(each, saved["ctr_data"][each["identifier"]])
        for each in saved["features_info"].get("ctrs", [])
    ]
    asked = {
        (split["cat_feature_index"], int(split["value"]))
        for tree in saved["oblivious_trees"]
        for split in tree.get("splits") or []
        if split["split_type"] == "OneHotFeature"
    }
    exact = {each: len(parts) + place for place, each in enumerate(sorted(asked))}
    parts += [graph.cast(columns.is_category(*each), np.float32) for each in sorted(asked)]
    if not parts:
        return None
    return CategoryColumns(graph.join(parts), len(parts) - len(exact), exact)


class _Columns:
    """The codes of the rows, their hashes, and what is made of them."""

    def __init__(self, matrix: Matrix, model: CatBoostModel) -> None:
        self.matrix, self.graph = matrix, matrix.graph
        codes = self.graph.cast(self.graph.take(matrix.tensor, model.categorical_), np.int64)
        most = np.array([_MOST_CODES - 1])
        self.codes = self.graph.op("Max", self.graph.op("Min", codes, most), np.array([0]))
        self.hashes = np.array([hash_of_code(code) for code in range(_MOST_CODES)])
        self.numbers = number_columns(model)

    def statistic(self, asked: Mapping[str, Any], counted: Mapping[str, Any]) -> Tensor:
        """Return one statistic, float32 (n_rows, 1)."""
        known, values, unknown = _values(asked, counted)
        elements = asked["elements"]
        table = np.append(values, unknown).astype(np.float32)
        if len(elements) == 1 and elements[0]["combination_element"] == _CATEGORY:
            feature = int(elements[0]["cat_feature_index"])
            own = _multiplied(_multiplied(self.hashes))
            place = {each: at for at, each in enumerate(known)}
            chosen = [place.get(int(each), len(known)) for each in own]
            return self._by_code(table[chosen], feature)
        places = self.graph.op(
            "LabelEncoder",
            self._hash(elements),
            domain=ML,
            keys_int64s=known,
            values_int64s=list(range(len(known))),
            default_int64=len(known),
        )
        return self.graph.op("Gather", table, places)

    def is_category(self, feature: int, value: int) -> Tensor:
        """Return whether a feature is the category of this hash, bool (n_rows, 1)."""
        hits = self.hashes == np.array([value]).astype(np.int32)
        return self._by_code(hits, feature)

    def _by_code(self, table: NDArray[Any], feature: int) -> Tensor:
        """Return the entry of a table for the code of a feature, (n_rows, 1).

        Where all entries from some code on are equal, one of them is enough.
        """
        different = np.flatnonzero(table != table[-1])
        n_codes = int(different[-1]) + 2 if len(different) else 1
        code = self.graph.op("Min", self.graph.take(self.codes, [feature]), np.array([n_codes - 1]))
        return self.graph.op("Gather", table[:n_codes], code)

    def _hash(self, elements: list[Mapping[str, Any]]) -> Tensor:
        """Return the hash of a combination, int64 (n_rows, 1)."""
        graph, factor = self.graph, np.int64(_MULTIPLIER)
        total: Tensor | None = None
        for each in elements:
            kind = each["combination_element"]
            if kind == _CATEGORY:
                feature = int(each["cat_feature_index"])
                part = self._by_code(_multiplied(self.hashes), feature)
            elif kind == _NUMBER:
                column = self.numbers[int(each["float_feature_index"])]
                cell = graph.take(self.matrix.tensor, [column])
                hit = graph.op("Greater", cell, np.float32(each["border"]))
                part = graph.op("Mul", graph.cast(hit, np.int64), factor)
            elif kind == _EXACT:
                hit = self.is_category(int(each["cat_feature_index"]), int(each["value"]))
                part = graph.op("Mul", graph.cast(hit, np.int64), factor)
            else:
                raise CannotExportError(f"CatBoost's combination of {kind!r}")
            summed = part if total is None else graph.op("Add", total, part)
            total = graph.op("Mul", summed, factor)
        assert total is not None  # a combination has elements
        return total


def number_columns(model: CatBoostModel) -> list[int]:
    """Return the columns of the matrix that are numbers, in CatBoost's order."""
    width = len(model.booster_.feature_names_)
    return [at for at in range(width) if at not in set(model.categorical_)]


def _multiplied(hashes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return hashes times CatBoost's factor, as integers that overflow."""
    with np.errstate(over="ignore"):
        return hashes * np.int64(_MULTIPLIER)


def _signed(number: int) -> int:
    """Return an unsigned 64-bit integer as a signed one of the same bits."""
    return number - (1 << 64) if number >> 63 else number


def _values(
    asked: Mapping[str, Any], counted: Mapping[str, Any]
) -> tuple[list[int], NDArray[np.float64], float]:
    """Return the known hashes, the statistic of each, and that of any other."""
    stride = int(counted["hash_stride"])
    rows = np.array(counted["hash_map"], dtype=object).reshape(-1, stride)
    known = [_signed(int(each)) for each in rows[:, 0]]
    counts = rows[:, 1:].astype(np.float64)
    kind, border = asked["ctr_type"], int(asked["target_border_idx"])
    if kind in ("Counter", "FeatureFreq"):
        good, total = counts[:, 0], np.full(len(known), float(counted["counter_denominator"]))
        none = float(counted["counter_denominator"])
    elif kind in ("BinarizedTargetMeanValue", "FloatTargetMeanValue"):
        good, total, none = counts[:, 0], counts[:, 1], 0.0
    elif kind == "Buckets":
        good, total, none = counts[:, border], counts.sum(axis=1), 0.0
    elif kind == "Borders":
        good, total, none = counts[:, border + 1 :].sum(axis=1), counts.sum(axis=1), 0.0
    else:
        raise CannotExportError(f"CatBoost's statistic {kind!r}")
    prior, weight = float(asked["prior_numerator"]), float(asked["prior_denomerator"])
    shift, scale = float(asked["shift"]), float(asked["scale"])
    values = ((good + prior) / (total + weight) + shift) * scale
    return known, values, (prior / (none + weight) + shift) * scale


def hash_of_code(code: int) -> int:
    """Return CatBoost's hash of the text of a code: the lower half of CityHash64, signed.

    Pike and Alakuijala, "CityHash" (Google, 2011), version 1.0, for texts of at most eight letters.
    """
    text = b"%d" % code
    size = len(text)
    if size >= 4:
        first, last = (int.from_bytes(each, "little") for each in (text[:4], text[-4:]))
        mixed = _city_pair((size + (first << 3)) & _ALL, last)
    else:
        y = text[0] + (text[size >> 1] << 8)
        z = size + (text[-1] << 2)
        product = (y * _CITY_2 & _ALL) ^ (z * _CITY_3 & _ALL)
        mixed = (product ^ (product >> 47)) * _CITY_2 & _ALL
    low = mixed & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low


def _city_pair(u: int, v: int) -> int:
    a = (u ^ v) * _CITY_MULTIPLIER & _ALL
    b = (v ^ a ^ (a >> 47)) * _CITY_MULTIPLIER & _ALL
    return (b ^ (b >> 47)) * _CITY_MULTIPLIER & _ALL
