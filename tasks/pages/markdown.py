"""Text from data files and stores as Markdown that shows it and does nothing else."""

import re
from collections.abc import Sequence

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-!|~$])")


def escape_markdown(text: str) -> str:
    """Return ``text`` escaped for a paragraph or a table cell: no markup, HTML, link or line."""
    line = " ".join(text.split())
    safe = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Readers turn a bare address into a link.
    return _SPECIAL.sub(r"\\\1", safe).replace("://", ":\\//").replace("www.", "www\\.")


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; cells are taken as they are."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
