"""Text from data files and stores, made harmless for a terminal.

An escape sequence in a column's name could move the cursor, rewrite lines above or set the title;
a direction mark could show a name backwards. Such characters are shown as Python writes them.
"""

import unicodedata

# Control, invisible and direction marks, lone surrogates, line and paragraph separators.
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def safe_text(text: str) -> str:
    """Return ``text`` on one line, with every unprintable character as its escape."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _UNSHOWN:
        return character
    return character.encode("unicode_escape").decode("ascii")
