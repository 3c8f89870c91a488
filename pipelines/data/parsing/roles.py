"""Roles of prepared columns: numbers, categories, text, dates, or vectors of a frozen network."""

from enum import StrEnum


class ColumnRole(StrEnum):
    """Kind of values in a prepared feature column, which also fixes its dtype."""

    NUMERIC = "numeric"  # float64; missing is NaN, never infinite; booleans are 0.0 and 1.0
    CATEGORICAL = "categorical"  # object: str or NaN; few distinct values
    TEXT = "text"  # object: str or NaN; free text or very many distinct values
    DATETIME = "datetime"  # datetime64[ns] without time zone; missing is NaT
    TIME = "time"  # a DATETIME column that orders the rows: later rows are later than all others
    IMAGE = "image"  # object: a float16 vector of one length, made of a picture, or NaN
    MEANING = "meaning"  # object: the same, made of the text of another prepared column
    PIXELS = "pixels"  # object: flat uint8 colours, side * side * 3, of a picture column, or NaN

    @property
    def is_date(self) -> bool:
        """Whether a column of this role holds dates."""
        return self in (ColumnRole.DATETIME, ColumnRole.TIME)

    @property
    def is_vector(self) -> bool:
        """Whether a cell of this role is a vector that a frozen network made."""
        return self in (ColumnRole.IMAGE, ColumnRole.MEANING)

    @property
    def is_array(self) -> bool:
        """Whether a cell of this role is an array: a vector, or the pixels of a picture."""
        return self.is_vector or self is ColumnRole.PIXELS
