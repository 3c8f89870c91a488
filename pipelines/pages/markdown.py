"""Text from data files and stores as Markdown that does nothing else than show it."""

import re
from collections.abc import Sequence

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-!|~$])")


def escape_markdown(text: str) -> str:
    """Return ``text`` on one line, without active markup, HTML or links."""
    line = " ".join(text.split())
    safe = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Markdown viewers turn a bare address into a link.
    return _SPECIAL.sub(r"\\\1", safe).replace("://", ":\\//").replace("www.", "www\\.")


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; cells are not escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table of any texts."""
    return markdown_table(
        [escape_markdown(each) for each in head],
        [[escape_markdown(cell) for cell in row] for row in rows],
    )
