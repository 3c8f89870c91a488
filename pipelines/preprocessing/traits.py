"""The preprocessing choices that can matter to a model family."""

from dataclasses import dataclass

from espalier.pipelines.serialization.old_pickles import set_state_with_defaults


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
        Whether repeated strings are also encoded by their target mean.
    text_words : tuple of int
        Number of words of a text column that get columns of their own, unless ``sparse``.
    text_analyzers : tuple of str
        Terms of text, from ``auto`` (by the length of the strings), ``char`` and ``word``.
    strings : tuple of str
        How text columns with repeated strings are used where categories are codes (``ordinal``,
        ``native``), from ``text``, ``categories`` and ``both``.
    rare_of_rows : int or None
        In tables with more rows than this, the share below which a level is rare is taken of this
        many rows; None: of all rows. A family that weighs each level by its rows loses if levels of
        fifty rows are merged (docs/decisions/0037).
    vectors : tuple of str
        How columns of vectors are reduced, from ``pca`` and ``all``.
    directions : int
        Principal components of a column of vectors by default.
    native_weighs : bool
        Whether the family's own treatment of categories (``native``) uses row weights. If not, it
        is not offered where rows have them.
    pixels : bool
        Whether the model takes the pixels of pictures, uint8 of shape (n_rows, n_pictures, side,
        side, 3), instead of a matrix.
    tokens : bool
        Whether the model takes the tokens of texts, uint16 of shape (n_rows, n_columns, length),
        instead of a matrix.
    formulas : bool
        Whether many random formulas of numeric columns may be added, where features may be
        constructed.
    lookups : tuple of str
        Looked-up columns that may be added (`LookupColumns`).
    text_directions : int
        Directions of a text column by default.
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
    text_analyzers: tuple[str, ...] = ("auto", "char", "word")
    strings: tuple[str, ...] = ("text",)
    rare_of_rows: int | None = None
    vectors: tuple[str, ...] = ("pca",)
    directions: int = 48
    native_weighs: bool = True
    pixels: bool = False
    tokens: bool = False
    formulas: bool = False
    lookups: tuple[str, ...] = ("none",)
    text_directions: int = 16

    __setstate__ = set_state_with_defaults

    def encodings(self, *, weighted: bool) -> tuple[str, ...]:
        """Return the encodings that may be used for rows with or without weights."""
        if not weighted or self.native_weighs:
            return self.encoding
        return tuple(each for each in self.encoding if each != "native")
