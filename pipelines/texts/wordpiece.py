"""Split texts into the tokens that BERT and its kin were trained on.

The tokenizer of ``bert-base-uncased`` (Devlin et al., *BERT*, 2019) in plain Python, so that a
served model needs no package for it: lower case without accents, words and signs apart, and each
word as the fewest pieces, the longest first, that the vocabulary has.
"""

import gzip
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

VOCABULARY = Path(__file__).with_name("weights") / "vocabulary.txt.gz"
UNKNOWN, START, END = 100, 101, 102
"""Numbers of the tokens for an unknown word, and for the marks of a text's start and end."""
_LONGEST_WORD = 100
_MOST_REMEMBERED = 200_000


@dataclass(frozen=True, slots=True)
class WordPieces:
    """A tokenizer.

    Attributes
    ----------
    numbers : mapping of str to int
        Each token's number; pieces inside a word begin with ``##``.
    """

    numbers: Mapping[str, int]
    _remembered: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)

    def split(self, text: str, most: int) -> list[int]:
        """Return the numbers of a text's tokens, at most ``most``, without start and end."""
        found: list[int] = []
        for word in _words(text):
            known = self._remembered.get(word)
            if known is None:
                known = self._pieces(word)
                if len(self._remembered) < _MOST_REMEMBERED:
                    self._remembered[word] = known
            found.extend(known)
            if len(found) >= most:
                return found[:most]
        return found

    def split_all(self, texts: Sequence[str], most: int) -> list[list[int]]:
        """Return the tokens of several texts."""
        return [self.split(text, most) for text in texts]

    def _pieces(self, word: str) -> tuple[int, ...]:
        if len(word) > _LONGEST_WORD:
            return (UNKNOWN,)
        found: list[int] = []
        start = 0
        while start < len(word):
            end = len(word)
            while end > start:
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                if piece in self.numbers:
                    found.append(self.numbers[piece])
                    break
                end -= 1
            else:
                return (UNKNOWN,)
            start = end
        return tuple(found)


@lru_cache(maxsize=1)
def open_wordpieces() -> WordPieces:
    """Return the tokenizer with the vocabulary that Espalier ships, loaded once a process."""
    with gzip.open(VOCABULARY, "rt", encoding="utf-8", newline="\n") as file:
        return WordPieces({line.rstrip("\n"): number for number, line in enumerate(file)})


def _words(text: str) -> Iterator[str]:
    """Yield words and single signs, in lower case and without accents."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_plain, text))
        text = "".join(
            sign for sign in unicodedata.normalize("NFD", text.lower()) if not _is_accent(sign)
        )
    for word in text.lower().split():
        if word.isalnum() and word.isascii():
            yield word
            continue
        start = 0
        for at, sign in enumerate(word):
            if _is_sign(sign):
                if at > start:
                    yield word[start:at]
                yield sign
                start = at + 1
        if start < len(word):
            yield word[start:]


def _plain(sign: str) -> str:
    """Return a sign as it counts: none for controls, apart from others if it is a Chinese one."""
    if _is_control(sign):
        return ""
    code = ord(sign)
    is_chinese = (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0x20000 <= code <= 0x2CEAF
        or 0xF900 <= code <= 0xFAFF
        or 0x2F800 <= code <= 0x2FA1F
    )
    return f" {sign} " if is_chinese else sign


def _is_control(sign: str) -> bool:
    if sign in "\t\n\r":
        return False
    return sign in "\0\ufffd" or unicodedata.category(sign).startswith("C")


def _is_accent(sign: str) -> bool:
    return unicodedata.category(sign) == "Mn"


def _is_sign(sign: str) -> bool:
    code = ord(sign)
    if code < 128:
        return 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return unicodedata.category(sign).startswith("P")
