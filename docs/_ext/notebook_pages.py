"""Show Jupyter notebooks as pages: their cells and the outputs that they were saved with.

A notebook is turned into Markdown, which MyST parses as it does all other pages. Nothing is run
when the documentation is built; `examples/run_notebook.py --write` refreshes the outputs, and a
test runs every notebook.
"""

import json
import re
from typing import Any

from myst_parser.parsers.sphinx_ import MystParser

# A result may hold such a line, so fences are longer than any of theirs.
FENCE = "`" * 8
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)


class NotebookParser(MystParser):
    """Parser of files that end in ``.ipynb``."""

    supported = ("ipynb",)

    def parse(self, inputstring: str, document: Any) -> None:
        """Parse a notebook as Markdown."""
        super().parse(as_markdown(json.loads(inputstring)), document)


def as_markdown(notebook: dict[str, Any]) -> str:
    """Return a notebook as the Markdown of a page."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code":
            parts.append(f"{FENCE}python\n{source}\n{FENCE}")
            parts += [shown for each in cell["outputs"] if (shown := _output(each))]
    return "\n\n".join(parts) + "\n"


def _output(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _text("".join(output["text"]))
    data = output.get("data", {})
    html = _without_scripts("".join(data.get("text/html", [])))
    if html:
        return f'{FENCE}{{raw}} html\n<div class="output">{html}</div>\n{FENCE}'
    return _text("".join(data.get("text/plain", [])))


def _text(text: str) -> str:
    return f"{FENCE}text\n{text.rstrip()}\n{FENCE}" if text.strip() else ""


def _without_scripts(html: str) -> str:
    """Return the table of a DataFrame, or what stands before scikit-learn's diagram; else nothing.

    The diagram's style and program are made for a notebook, not for a page with its own.
    """
    table = _TABLE.search(html)
    if 'class="dataframe"' in html and table is not None:
        return table.group()
    if "<script" in html or "<style" in html:
        return html.partition("<style")[0]
    return html


def setup(app: Any) -> dict[str, Any]:
    """Register notebooks as sources of pages."""
    app.add_source_suffix(".ipynb", "ipynb")
    app.add_source_parser(NotebookParser)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
