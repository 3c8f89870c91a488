"""Words of a text as columns of their own."""

import pickle

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.preprocessing import text as text_module
from espalier.pipelines.preprocessing.text import TextColumn

RNG = np.random.default_rng(0)
WORDS = [f"word{number}" for number in range(40)]
TEXTS = pd.Series([" ".join(RNG.choice(WORDS, 6, replace=False)) for _ in range(400)])
Y = TEXTS.str.contains(r"\bword7\b").to_numpy(dtype=float)


def _column(**options: object) -> TextColumn:
    return TextColumn(n_components=4, means=False, classification=False, **options)


def test_a_word_can_be_told_from_one_column() -> None:
    plain, words = (_column(n_words=each).fit_transform(TEXTS, Y) for each in (0, 60))
    assert words.shape == (400, plain.shape[1] + 60)
    assert words.dtype == np.float32
    assert any(np.array_equal(column > 0, Y > 0) for column in words.T)
    assert not any(np.array_equal(column > 0, Y > 0) for column in plain.T)


def test_new_texts_have_the_same_columns() -> None:
    column = _column(n_words=60)
    width = column.fit_transform(TEXTS, Y).shape[1]
    new = column.transform(pd.Series(["word7 word8 of late", "", None, "ünheard öf"]))
    assert new.shape == (4, width)
    assert np.isfinite(new).all()


def test_models_with_the_same_terms_weigh_a_row_once() -> None:
    asked: list[object] = []
    made: dict[object, object] = {}

    def once(key, make):
        asked.append(key)
        if key not in made:
            made[key] = make()
        return made[key]

    new = pd.Series(["word7 word8"])
    for seed in (0, 1):
        column = _column(n_words=60, seed=seed).fit(TEXTS, Y)
        again = pickle.loads(pickle.dumps(column))
        np.testing.assert_array_equal(again.transform(new, once), column.transform(new))
    assert len(asked) == 6
    assert len(made) == 3  # the strings, their character n-grams, and words
    _column(n_words=60).fit(TEXTS[:200], Y[:200]).transform(new, once)
    assert len(made) == 5


def test_no_word_twice_and_very_many_rows_make_few_columns_or_none(monkeypatch) -> None:
    lonely = pd.Series([f"x{number}" for number in range(100)])
    assert _column(n_words=60).fit(lonely, np.zeros(100)).words_ is None
    monkeypatch.setattr(text_module, "_MAX_WORD_CELLS", 10 * len(TEXTS))
    few = _column(n_words=60).fit(TEXTS, Y)
    assert few.words_ is not None
    assert len(few.words_.vocabulary_) == 10


def test_words_of_sentences_are_found_among_the_terms_and_weighed_with_them() -> None:
    sentences = pd.Series([" ".join(RNG.choice(WORDS, 15, replace=False)) for _ in range(400)])
    column = _column(n_words=30)
    fitted = column.fit_transform(sentences, Y)
    assert column.words_ is None
    assert column.terms_ is not None
    words = column.terms_.get_feature_names_out()[column.word_places_]
    counts = {word: sentences.str.contains(rf"\b{word}\b").sum() for word in WORDS}
    assert min(counts[word] for word in words) >= sorted(counts.values())[-30]
    ours = fitted[:, -30:]
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1.0, rtol=1e-5)
    for place, word in enumerate(words):
        holds = sentences.str.contains(rf"\b{word}\b").to_numpy()
        np.testing.assert_array_equal(ours[:, place] > 0, holds)


@pytest.mark.parametrize("length", [5, 15], ids=["names", "sentences"])
@pytest.mark.parametrize("many", [False, True], ids=["all", "sample"])
def test_rows_it_learned_from_are_told_alike_afterwards(monkeypatch, length, many) -> None:
    if many:  # more strings than it learns from
        monkeypatch.setattr(text_module, "_MAX_STRINGS_TO_LEARN_FROM", 100)
    texts = pd.Series([" ".join(RNG.choice(WORDS, length, replace=False)) for _ in range(300)])
    column = _column(n_words=20)
    fitted = column.fit_transform(texts, Y[:300])
    np.testing.assert_allclose(fitted, column.transform(texts), rtol=1e-4, atol=1e-5)


def test_strings_that_point_the_same_way_are_not_blown_up() -> None:
    texts = pd.Series(["Fulltime-Regular", "Parttime-Regular"] * 50)
    assert np.abs(_column().fit_transform(texts, Y[:100])).max() < 10
