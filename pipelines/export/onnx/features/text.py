"""Text columns: `TextColumn` with words as terms.

Words are cut out of the text by a regular expression, looked up, and counted with their pairs.
ONNX makes capitals small by the rules of a locale that may be missing where the file is used, so
only ASCII letters are made small, and a word with other letters is looked up in several spellings.
Terms of characters are not exported: every row would become a table of characters times terms.
"""

from itertools import product
from typing import Any

import numpy as np

from espalier.pipelines.data.parsing.text_cells import LONGEST_TEXT
from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.features.columns import Columns
from espalier.pipelines.export.onnx.features.scaling import clipped
from espalier.pipelines.export.onnx.graph.functions import row_sum
from espalier.pipelines.export.onnx.graph.graph import CONTRIB, ML, Graph, Tensor
from espalier.pipelines.preprocessing.text import TextColumn

# What Python's \w\w+ matches, in RE2's classes.
_WORDS = r"[\p{L}\p{N}_]{2,}"
# Letters beyond ASCII that may be capital or small in a word, each on its own.
_MOST_LETTERS = 4
# A string of 2,000 characters has no more words.
_MOST_TIMES = LONGEST_TEXT // 2


def text_columns(columns: Columns, name: str, text: TextColumn) -> Tensor:
    """Return the float32 columns that a fitted text column becomes.

    Raises
    ------
    CannotExportError
        Its terms are characters.
    """
    graph = columns.graph
    string = columns.text(name)
    parts = [_extras(columns, name, string, text)]
    if text.terms_ is None:
        return parts[0]
    terms = _weighed(graph, string, text.terms_, name)
    if text.svd_ is None:
        return graph.join([*parts, terms])
    components = np.ascontiguousarray(text.svd_.components_.T, dtype=np.float32)
    directions = graph.op(
        "MatMul", graph.cast(terms, np.float64), graph.cast(graph.constant(components), np.float64)
    )
    directions = graph.op("Div", directions, np.float64(text.spread_))
    parts.append(graph.cast(directions, np.float32))
    places = getattr(text, "word_places_", None)  # older versions had neither
    words = getattr(text, "words_", None)
    if places is not None:
        parts.append(_normalised(graph, graph.take(terms, places)))
    elif words is not None:
        parts.append(_weighed(graph, string, words, name))
    return graph.join(parts)


def _extras(columns: Columns, name: str, string: Tensor, text: TextColumn) -> Tensor:
    """Return sizes, counts and target means of the strings, float32."""
    graph = columns.graph
    parts = [_sizes(graph, string)]
    if text.means_ is not None and text.known_ is not None:
        known = {each: code for code, each in enumerate(text.known_)}
        unknown = len(known)
        codes = columns.lookups.table(
            name,
            lambda each: known.get(each, unknown),
            unknown=unknown,
            missing=known.get("", unknown),
            dtype=np.int64,
        )
        counts = np.log1p(text.counts_[codes])[:, None].astype(np.float32)
        own = np.hstack([counts, text.means_.transform(codes[:, None])])
        table = np.zeros((int(columns.lookups.starts[-1]), own.shape[1]), dtype=np.float32)
        start = int(columns.lookups.starts[columns.lookups.columns.index(name)])
        table[start : start + len(own)] = own
        found = graph.op("Gather", table, columns.places([name]))
        parts.append(graph.op("Reshape", found, np.array([0, own.shape[1]])))
    extras = graph.join(parts)
    if text.scaler_ is not None:
        extras = graph.cast(clipped(graph, extras, text.scaler_), np.float32)
    return extras


def _sizes(graph: Graph, string: Tensor) -> Tensor:
    """Return log(1 + characters) and log(1 + blanks), float32, as NumPy has them."""
    characters = _pieces(graph, string, separators=[""])
    kinds = graph.op(
        "LabelEncoder",
        characters,
        domain=ML,
        keys_strings=["", " "],
        values_int64s=[0, 2],
        default_int64=1,
    )
    logs = np.log1p(np.arange(LONGEST_TEXT + 1, dtype=np.float32))
    made = []
    for least in (1, 2):
        hits = graph.cast(graph.op("GreaterOrEqual", kinds, np.int64(least)), np.int64)
        count = graph.op("ReduceSum", hits, np.array([1]), keepdims=1)
        made.append(graph.op("Gather", logs, graph.op("Min", count, np.array([LONGEST_TEXT]))))
    return graph.join(made)


def _pieces(graph: Graph, string: Tensor, **how: Any) -> Tensor:
    """Return the pieces of each string side by side, at least one, the last ones empty."""
    pieces = graph.op(
        "Tokenizer", string, domain=CONTRIB, mark=0, mincharnum=1, pad_value="", **how
    )
    n_rows = graph.op("Shape", pieces, start=0, end=1)
    shape = graph.op("Concat", n_rows, np.array([1]), axis=0)
    blank = graph.op("Expand", np.array([[""]], dtype=object), shape)
    return graph.op("Concat", pieces, blank, axis=1)


def _weighed(graph: Graph, string: Tensor, terms: Any, name: str) -> Tensor:
    """Return the tf-idf matrix of words and word pairs, float32, in the vectorizer's order."""
    if terms.analyzer != "word":
        raise CannotExportError(f"the character n-grams of text column {name!r}")
    small = graph.op("StringNormalizer", string, case_change_action="LOWER", is_case_sensitive=1,
                     locale="C")  # fmt: skip
    numbers: dict[str, int] = {}
    for term in terms.vocabulary_:
        for word in term.split(" "):
            numbers.setdefault(word, len(numbers))
    spellings = {each: place for word, place in numbers.items() for each in _spellings(word)}
    spellings |= numbers
    ids = graph.op(
        "LabelEncoder",
        _pieces(graph, small, tokenexp=_WORDS),
        domain=ML,
        keys_strings=list(spellings),
        values_int64s=list(spellings.values()),
        default_int64=-1,
    )
    single = [(term, at) for term, at in terms.vocabulary_.items() if " " not in term]
    pairs = [(term, at) for term, at in terms.vocabulary_.items() if " " in term]
    pool = [numbers[term] for term, _ in single]
    pool += [numbers[word] for term, _ in pairs for word in term.split(" ")]
    counts = graph.op(
        "TfIdfVectorizer",
        ids,
        mode="TF",
        min_gram_length=1,
        max_gram_length=2,
        max_skip_count=0,
        ngram_counts=[0, len(single)],
        ngram_indexes=[int(at) for _, at in single + pairs],
        pool_int64s=pool,
    )
    # 1 + log(n) for words that occur n times, 0 for the others, as NumPy has it.
    logs = np.arange(_MOST_TIMES + 1, dtype=np.float32)
    logs[1:] = np.log(logs[1:]) + np.float32(1.0)
    times = graph.op("Min", graph.cast(counts, np.int64), np.array([_MOST_TIMES]))
    weights = graph.op("Gather", logs, times)
    return _normalised(graph, graph.op("Mul", weights, terms.idf_.astype(np.float32)[None, :]))


def _normalised(graph: Graph, table: Tensor) -> Tensor:
    """Return rows of length 1; rows of zeros stay. Rounded where scikit-learn rounds."""
    square = graph.cast(graph.op("Mul", table, table), np.float64)
    length = graph.op("Sqrt", row_sum(graph, square))
    is_zero = graph.op("Equal", length, np.float64(0.0))
    divisor = graph.op("Where", is_zero, np.float64(1.0), length)
    return graph.cast(graph.op("Div", graph.cast(table, np.float64), divisor), np.float32)


def _spellings(word: str) -> list[str]:
    """Return a word of small letters with its letters beyond ASCII small or capital."""
    choices = [
        (each, each.upper())
        if not each.isascii() and len(each.upper()) == 1 and each.upper().lower() == each
        else (each,)
        for each in word
    ]
    if sum(len(each) > 1 for each in choices) > _MOST_LETTERS:
        first = choices[0][-1] + word[1:]
        return [word, first, "".join(each[-1] for each in choices)]
    return ["".join(each) for each in product(*choices)]
