"""Text and strings of very many distinct values as numbers.

Character n-grams put dirty spellings of one thing close together (Cerda and Varoquaux, *Encoding
high-cardinality string categorical variables*, 2020); tf-idf and a truncated SVD of them are what
skrub's ``StringEncoder`` computes. Here each distinct string is treated once, which is many times
quicker where strings repeat.
"""

import hashlib
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from espalier.pipelines.data.parsing.text_cells import LONGEST_TEXT
from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.scaling import ClippedScaler
from espalier.pipelines.preprocessing.target_means import TargetMeans
from espalier.pipelines.seeds import generator

_MAX_STRINGS_TO_LEARN_FROM = 10_000
_MAX_TERMS = 10_000
# Longer texts are sentences: words tell more than characters, and cost far less.
_SENTENCE = 60
# Variance of all directions of a text together, in standardised columns.
_SVD_WEIGHT = 4.0
_ROUNDING = 1e-6
# Fewest strings with a word for it to get a column of its own; most cells of such columns.
_LEAST_STRINGS = 5
_MAX_WORD_CELLS = 20_000_000
# Mean number of rows per string from which strings are encoded by their target mean.
REPEATS = 2.0


Once = Callable[[Hashable, Callable[[], Any]], Any]


class TextColumn(TransformerMixin, BaseEstimator):
    """Turn one column of strings into numbers.

    Parameters
    ----------
    encoding : str
        ``svd`` (a few dense directions of the tf-idf matrix) or ``tfidf`` (the sparse matrix).
    n_components : int
        Directions of ``svd``.
    analyzer : str
        ``char`` (n-grams of 2 to 4 characters within words), ``word`` (words and pairs) or
        ``auto`` by the length of the strings.
    scale : bool
        Whether sizes, counts and means are standardised, and the directions of ``svd`` together
        weigh no more than a few columns.
    n_words : int
        Number of the most frequent words and word pairs that get a column of their own beside
        the directions of ``svd``: trees split on a word more easily than on a mixture.
    means : bool
        Whether repeated strings are also encoded by their count and target mean.
    classification : bool
        Whether ``y`` holds class codes.
    seed : int
        Seed of everything random.
    """

    def __init__(
        self,
        encoding: str = "svd",
        n_components: int = 16,
        analyzer: str = "auto",
        scale: bool = False,
        n_words: int = 0,
        means: bool = True,
        classification: bool = True,
        seed: int = 0,
    ) -> None:
        self.encoding = encoding
        self.n_components = n_components
        self.analyzer = analyzer
        self.scale = scale
        self.n_words = n_words
        self.means = means
        self.classification = classification
        self.seed = seed

    def fit(self, X: pd.Series, y: NDArray[Any], facts: RowFacts = PLAIN) -> "TextColumn":
        """Learn from a column of str or NaN."""
        self.fit_transform(X, y, facts)
        return self

    def fit_transform(self, X: pd.Series, y: NDArray[Any], facts: RowFacts = PLAIN) -> Any:
        """Learn from ``X`` and return its numbers, dense or CSR, float32."""
        found, distinct = _distinct(X)
        learned = self._strings_to_learn_from(distinct)
        self.terms_: TfidfVectorizer | None = None
        terms = self._fit_terms(learned)
        words = self._fit_words(len(X), learned, terms)
        self.svd_ = None
        if terms is not None and self.encoding == "svd":
            n_components = min(self.n_components, min(terms.shape) - 1)
            if n_components >= 1:
                self.svd_ = TruncatedSVD(n_components, n_iter=3, random_state=self.seed)
                directions = self.svd_.fit_transform(terms)
                spread = float(np.std(directions))
                # Where all strings point the same way, what is left is rounding.
                rounding = _ROUNDING * float(np.abs(directions).max())
                self.spread_ = spread if spread > rounding else 1.0
                if self.scale:
                    self.spread_ *= max(1.0, np.sqrt(n_components / _SVD_WEIGHT))
            else:
                self.terms_ = None
        self.repeats_ = self.means and len(X) >= REPEATS * len(distinct)
        self.means_, self.known_, means = None, None, None
        if self.repeats_:
            self.known_ = pd.Index(distinct, dtype=object)
            self.counts_ = np.append(np.bincount(found, minlength=len(distinct)), 0)
            self.means_ = TargetMeans(self.classification, self.seed)
            means = self.means_.fit_transform(found[:, None], y, facts)
        learned_terms = {"terms": self.terms_, "words": self.words_}
        self.identities_ = {
            name: _identity(each) for name, each in learned_terms.items() if each is not None
        }
        extras = self._extras(found, distinct, means)
        self.scaler_ = ClippedScaler().fit(extras) if self.scale else None
        weighed = {"terms": terms, "words": words} if learned is distinct else {}
        made = {self.identities_[name]: weighed[name] for name in weighed.keys() & self.identities_}
        return self._assemble(
            found, distinct, extras, lambda key, make: made[key] if key in made else make()
        )

    def transform(self, X: pd.Series, once: Once | None = None) -> Any:
        """Return the numbers of ``X``, dense or CSR, float32.

        ``once(key, make)`` may cache results for these strings: other models of the same table may
        have learned the same terms.
        """
        found, distinct = _distinct(X) if once is None else once("distinct", lambda: _distinct(X))
        means = None
        if self.means_ is not None and self.known_ is not None:
            codes = self.known_.get_indexer(pd.Index(distinct, dtype=object))
            codes = np.where(codes < 0, len(self.known_), codes)
            means = self.means_.transform(codes[found][:, None])
        return self._assemble(found, distinct, self._extras(found, distinct, means), once)

    def _strings_to_learn_from(self, distinct: NDArray[Any]) -> NDArray[Any]:
        if len(distinct) <= _MAX_STRINGS_TO_LEARN_FROM:
            return distinct
        chosen = generator(self.seed, "strings").choice(
            len(distinct), _MAX_STRINGS_TO_LEARN_FROM, replace=False
        )
        return distinct[np.sort(chosen)]

    def _fit_terms(self, strings: NDArray[Any]) -> Any:
        """Learn the vocabulary and return the tf-idf matrix, None where no term is left."""
        analyzer = self.analyzer
        if analyzer == "auto":
            lengths = [len(text) for text in strings[:1_000]]
            analyzer = "word" if lengths and np.mean(lengths) > _SENTENCE else "char"
        terms = TfidfVectorizer(
            analyzer="char_wb" if analyzer == "char" else "word",
            ngram_range=(2, 4) if analyzer == "char" else (1, 2),
            min_df=2 if len(strings) >= 50 else 1,
            max_features=_MAX_TERMS,
            sublinear_tf=True,
            dtype=np.float32,
        )
        try:
            matrix = terms.fit_transform(strings)
        except ValueError:  # an empty vocabulary: only blanks, or nothing twice
            return None
        self.terms_ = terms
        return matrix

    def _fit_words(self, n_rows: int, strings: NDArray[Any], terms: Any) -> Any:
        """Learn which words get columns of their own; return their tf-idf matrix or None.

        Tables of very many rows get fewer. Where the terms are words already, the columns are
        chosen among them and None is returned.
        """
        self.words_: TfidfVectorizer | None = None
        self.word_places_: NDArray[np.intp] | None = None
        n_words = min(self.n_words, _MAX_WORD_CELLS // max(n_rows, 1))
        if self.encoding != "svd" or n_words < 1:
            return None
        least = min(_LEAST_STRINGS, max(1, len(strings) // 10))
        if self.terms_ is not None and self.terms_.analyzer == "word":
            counts = terms.getnnz(axis=0)
            places = np.argsort(-counts, kind="stable")[:n_words]
            places = np.sort(places[counts[places] >= least])
            self.word_places_ = places if len(places) else None
            return None
        words = TfidfVectorizer(
            ngram_range=(1, 2),
            min_df=least,
            max_features=n_words,
            sublinear_tf=True,
            dtype=np.float32,
        )
        try:
            matrix = words.fit_transform(strings)
        except ValueError:  # no word twice
            return None
        self.words_ = words
        return matrix

    def _extras(
        self, found: NDArray[Any], distinct: NDArray[Any], means: NDArray[Any] | None
    ) -> NDArray[Any]:
        """Return sizes, counts and target means of each row's string."""
        dense = [_sizes(distinct)[found]]
        if means is not None and self.known_ is not None:
            codes = self.known_.get_indexer(pd.Index(distinct, dtype=object))
            dense.append(np.log1p(self.counts_[codes])[found][:, None].astype(np.float32))
            dense.append(means)
        return np.hstack(dense)

    def _assemble(
        self,
        found: NDArray[Any],
        distinct: NDArray[Any],
        extras: NDArray[Any],
        once: Once | None = None,
    ) -> Any:
        if self.scaler_ is not None:
            extras = self.scaler_.transform(extras)
        extras = extras.astype(np.float32)
        if self.terms_ is None or not len(distinct):
            return extras
        terms = self._weighed("terms", self.terms_, distinct, once)
        if self.svd_ is not None:
            # As its own transform has it, without checks that take longer than one row's product.
            # In float64: in float32 the last digits, which trees split on, depend on the order
            # in which terms are added, and an exported model adds them in another one.
            components = self.svd_.components_.T.astype(np.float64)
            vectors = (terms @ components / self.spread_).astype(np.float32)
            words = self._words(terms, distinct, once)
            if words is not None:
                vectors = np.hstack([vectors, words.toarray()])
            return np.hstack([extras, vectors[found]])
        return sp.hstack([sp.csr_matrix(extras), terms[found]], format="csr")

    def _words(self, terms: Any, strings: NDArray[Any], once: Once | None) -> Any:
        """Return the tf-idf matrix of the words with columns of their own; None without any."""
        places = getattr(self, "word_places_", None)  # older versions had neither
        words = getattr(self, "words_", None)
        if places is not None:
            return normalize(terms[:, places])
        return None if words is None else self._weighed("words", words, strings, once)

    def _weighed(
        self, name: str, terms: TfidfVectorizer, strings: NDArray[Any], once: Once | None
    ) -> Any:
        """Return the tf-idf matrix of strings, from the cache where possible."""
        key = getattr(self, "identities_", {}).get(name)
        if once is None or key is None:
            return terms.transform(strings)
        return once(key, lambda: terms.transform(strings))


def _identity(terms: TfidfVectorizer) -> bytes:
    """Return a digest that is equal for vectorizers that transform every string alike."""
    digest = hashlib.sha256(str(terms.analyzer).encode())
    digest.update("\0".join(sorted(terms.vocabulary_, key=terms.vocabulary_.__getitem__)).encode())
    digest.update(terms.idf_.tobytes())
    return digest.digest()


def _distinct(X: pd.Series) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return each row's position among the distinct strings, and the distinct strings."""
    found, distinct = pd.factorize(X.astype(object).fillna("").str.slice(0, LONGEST_TEXT))
    return found, np.asarray(distinct, dtype=object)


def _sizes(strings: NDArray[Any]) -> NDArray[np.float32]:
    """Return log characters and log words, shape (n_strings, 2)."""
    characters = np.array([len(text) for text in strings], dtype=np.float32)
    words = np.array([text.count(" ") for text in strings], dtype=np.float32)
    return np.log1p(np.column_stack([characters, words]))
