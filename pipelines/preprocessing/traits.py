"""Which preprocessing choices can matter to a model family."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PreprocessingTraits:
    """Which preprocessing choices can matter to a family; the first of each is its default.

    Attributes
    ----------
    scaling : tuple of str
        From ``none``, ``standard``, ``robust``, ``quantile``, ``power``, ``both`` (standard and
        quantile side by side).
    encoding : tuple of str
        For categories, from ``ordinal``, ``onehot``, ``target``, and ``native`` (codes, and
        ``fit`` is told by ``categorical=`` which matrix columns hold them).
    imputation : tuple of str
        For numbers, from ``none`` (the model takes NaN), ``median``, ``mean``.
    construction, selection, projection : bool
        Whether features may be constructed, selected, projected.
    sparse : bool
        Whether the model takes a scipy CSR matrix (otherwise it gets a dense array).
    text_means : tuple of bool
        Whether strings that come back are also known by their target mean.
    text_words : tuple of int
        How many words of a text get columns of their own, where it is not sparse.
    strings : tuple of str
        What strings of very many values that come back are, where categories are codes
        (``ordinal``, ``native``), from ``text``, ``categories`` and ``both``.
    rare_of_rows : int or None
        In a table of more rows than this a level is rare by the share of so many rows; None for
        the share of all. A family that weighs each level by its rows loses by having those of
        fifty put together (docs/decisions/0037).
    """

    scaling: tuple[str, ...] = ("none",)
    encoding: tuple[str, ...] = ("ordinal", "onehot", "target")
    imputation: tuple[str, ...] = ("none",)
    construction: bool = True
    selection: bool = True
    projection: bool = False
    sparse: bool = False
    text_means: tuple[bool, ...] = (True, False)
    text_words: tuple[int, ...] = (0,)
    strings: tuple[str, ...] = ("text",)
    rare_of_rows: int | None = None
