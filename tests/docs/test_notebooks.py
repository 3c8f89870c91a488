"""The example notebooks run from top to bottom, and the documentation shows them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "examples").glob("*.ipynb"))


def cells(path, kind):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_there_is_one_for_tables_forecasting_and_images():
    assert {path.stem for path in NOTEBOOKS} == {"tables", "forecasting", "images"}


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "run_notebook.py"), str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stderr
    assert path.name in done.stdout


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_saved_with_its_outputs_and_no_place_of_a_machine(path):
    text = path.read_text(encoding="utf-8")
    code = cells(path, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert any(cell["outputs"] for cell in code)
    for place in ("/home/", "/tmp/", "/work/", "C:\\\\"):
        assert place not in text


def test_the_documentation_shows_cells_and_outputs(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    pytest.importorskip("myst_parser")
    from notebook_pages import as_markdown

    page = as_markdown(
        {
            "cells": [
                {"cell_type": "markdown", "source": ["# Title"]},
                {
                    "cell_type": "code",
                    "source": ["1 + 1"],
                    "outputs": [
                        {"output_type": "stream", "name": "stdout", "text": ["said\n"]},
                        {
                            "output_type": "execute_result",
                            "data": {
                                "text/plain": ["Frame"],
                                "text/html": [
                                    "<div><style>td {}</style>",
                                    '<table class="dataframe"><tr></tr></table></div>',
                                ],
                            },
                        },
                        {
                            "output_type": "execute_result",
                            "data": {"text/html": ["<b>found</b><style></style><script></script>"]},
                        },
                        {"output_type": "execute_result", "data": {"text/plain": ["2"]}},
                    ],
                },
            ]
        }
    )
    assert page.startswith("# Title")
    for part in ("1 + 1", "said", '<table class="dataframe"', "<b>found</b>", "text\n2"):
        assert part in page
    assert "<script" not in page
    assert "<style" not in page


def test_what_a_cell_shows_is_kept_but_not_whole_pages(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    from run_notebook import LONGEST_HTML, _shown

    class Page:
        def __init__(self, html):
            self.html = html

        def __repr__(self):
            return "a page"

        def _repr_html_(self):
            return self.html

    assert _shown(3) == {"text/plain": ["3"]}
    assert _shown(Page("<b>short</b>"))["text/html"] == ["<b>short</b>"]
    assert "text/html" not in _shown(Page("x" * (LONGEST_HTML + 1)))
