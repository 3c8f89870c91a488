"""The pages that a visitor meets first: short, and no link leads nowhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if "_build" not in path.parts
)
GUIDES = [page for page in PAGES if page.startswith("docs/guide/") or page.count("/") == 1]
NAMED = re.compile(r"`((?:flows|tasks|infra|pipelines|tests|docs|benchmarks|examples)/[\w./]*)`")
LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().split()) <= 600


def test_the_picture_of_the_readme_is_small():
    assert (ROOT / "docs" / "images" / "report.png").stat().st_size <= 300 * 1024


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page):
    folder = (ROOT / page).parent
    links = [each for each in LINK.findall((ROOT / page).read_text()) if "://" not in each]
    missing = [each for each in links if not (folder / each).exists()]
    assert missing == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md", "README.md", *GUIDES])
def test_files_and_folders_that_are_named_exist(page):
    named = set(NAMED.findall((ROOT / page).read_text()))
    written = {each for each in named if each.startswith("docs/_build/")}
    assert [each for each in sorted(named - written) if not (ROOT / each).exists()] == []
