"""A built page must need nothing from the network: no script, style, font or image of another host.

Links that a reader may follow are not affected. `sphinx-build -W` turns the warning into a failure.
"""

import re
from pathlib import Path
from typing import Any

FETCHED = re.compile(
    r"<(?:script|img|iframe|source|audio|video)\b[^>]*\bsrc\s*=\s*[\"'](?:https?:)?//[^\"']*"
    r"|<link\b(?=[^>]*\brel\s*=\s*[\"'](?:stylesheet|preload|preconnect|icon)\b)"
    r"[^>]*\bhref\s*=\s*[\"'](?:https?:)?//[^\"']*",
    re.IGNORECASE,
)
FETCHED_BY_CSS = re.compile(r"(?:@import\s+|url\()\s*[\"']?(?:https?:)?//[^\"')]*", re.IGNORECASE)


def fetched(text: str, *, css: bool = False) -> list[str]:
    """Return the parts of a page, or of a style sheet, that would load something from elsewhere."""
    return [found.group(0) for found in (FETCHED_BY_CSS if css else FETCHED).finditer(text)]


def check_pages(app: Any, exception: Exception | None) -> None:
    """Warn of every built file that would load something from another host."""
    from sphinx.util import logging

    if exception is not None or app.builder.format != "html":
        return
    logger = logging.getLogger(__name__)
    for path in sorted(Path(app.outdir).rglob("*")):
        if path.suffix in (".html", ".css"):
            text = path.read_text(encoding="utf-8", errors="replace")
            for part in fetched(text, css=path.suffix == ".css"):
                logger.warning("%s would be fetched from the network: %s", path.name, part)


def setup(app: Any) -> dict[str, Any]:
    """Register the check with Sphinx."""
    app.connect("build-finished", check_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
