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
