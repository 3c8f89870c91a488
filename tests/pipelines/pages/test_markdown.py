import pytest

from espalier.pipelines.pages.markdown import escape_markdown

EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "a | b\nc | d",
    "`code` **bold** _it_ ~~no~~",
    "https://evil.example/x www.evil.example",
    "&lt;script&gt;",
    "# title",
    "![x](http://evil.example/pixel.png)",
]


@pytest.mark.parametrize("text", EVIL)
def test_it_shows_the_text_and_does_nothing_else(text):
    """Rendered by a real reader of Markdown, it is the text again and no other element."""
    markdown_it = pytest.importorskip("markdown_it")
    from html import unescape

    reader = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    html = reader.render(escape_markdown(text)).strip()
    assert html.startswith("<p>")
    assert html.endswith("</p>")
    inner = html[3:-4]
    assert "<" not in inner
    assert unescape(inner) == " ".join(text.split())


@pytest.mark.parametrize("text", EVIL)
def test_a_cell_stays_one_cell(text):
    markdown_it = pytest.importorskip("markdown_it")
    reader = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    html = reader.render(f"| a | b |\n| --- | --- |\n| x | {escape_markdown(text)} |")
    assert html.count("<td") == 2
    assert "<script" not in html
    assert "<a " not in html
    assert "<img" not in html


def test_a_reader_that_links_bare_addresses_does_not():
    assert "://" not in escape_markdown("https://evil.example")
    assert "www." not in escape_markdown("www.evil.example")
