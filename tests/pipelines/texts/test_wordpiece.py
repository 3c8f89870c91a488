"""Texts are split as the encoder's own tokenizer splits them."""

import pytest

from espalier.pipelines.texts.wordpiece import open_wordpieces

TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "don't stop -- it's 3.50 EUR (or US$4,00)!",
    "Überraschung: Ärger, naïve café, ŁÓDŹ",
    "unaffordable antidisestablishmentarianism xqzvb",
    "中文 and 日本語 mixed",
    "tabs\tand\nlines\r\nand\x00controls\x1f\u200b",
    "emoji 🙂 and ½ and ´accents´ – dashes…",
    "",
    "   ",
    "x" * 150,
    "UPPER lower MiXeD",
    "a_b c^d e~f `g`",
]


@pytest.fixture(scope="module")
def own():
    tokenizers = pytest.importorskip("tokenizers")
    return tokenizers.BertWordPieceTokenizer(dict(open_wordpieces().numbers), lowercase=True)


@pytest.mark.parametrize("text", TEXTS)
def test_the_tokens_are_those_of_bert(own, text):
    assert open_wordpieces().split(text, 500) == own.encode(text, add_special_tokens=False).ids


def test_long_texts_are_cut():
    assert len(open_wordpieces().split("word " * 1_000, 128)) == 128
