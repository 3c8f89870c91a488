"""A whole HTML page as an object: shown in a notebook, or written to a file."""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from espalier.pipelines.errors import UserError

if TYPE_CHECKING:  # a page is shown and saved without what writes it
    from espalier.pipelines.pages.facts import PageFacts


MARKDOWN = ".md"


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """A page that stands by itself; a notebook shows it in a frame, so its style stays its own.

    Attributes
    ----------
    html : str
        The page.
    path : Path or None
        The file that it was written to; None if it was not.
    """

    html: str = field(repr=False)
    path: Path | None = None

    @classmethod
    def of(cls, facts: "PageFacts", path: str | Path | None = None) -> "HtmlPage":
        """Return the report of these facts, written to a file if one is named.

        A file whose name ends in ``.md`` gets the report as Markdown, without charts.

        Raises
        ------
        UserError
            The folder does not exist.
        """
        from espalier.pipelines.pages.page import render_page

        page = cls(render_page(facts))
        if path is None:
            return page
        if Path(path).suffix.lower() == MARKDOWN:
            from espalier.pipelines.pages.markdown_page import render_markdown

            return cls(page.html, _written(path, render_markdown(facts)))
        return page.save(path)

    def save(self, path: str | Path) -> "HtmlPage":
        """Write the page to a file, and return it with the file's path.

        Raises
        ------
        UserError
            The folder does not exist.
        """
        return HtmlPage(self.html, _written(path, self.html))

    def _repr_html_(self) -> str:
        """Return a frame with the page."""
        return (
            '<iframe style="width:100%;height:42em;border:1px solid rgba(127,127,127,.35);'
            f'border-radius:6px" sandbox="allow-same-origin" srcdoc="{escape(self.html)}"></iframe>'
        )


def _written(path: str | Path, text: str) -> Path:
    target = Path(path)
    if not target.parent.is_dir():
        raise UserError(f"folder {target.parent} does not exist; create it, or name another")
    target.write_text(text, encoding="utf-8")
    return target
