"""Every page is there before anything else is, and says what to do next."""

import re

import pytest

PAGES = {
    "/": "Upload one",
    "/data": "Upload a file above",
    "/train": "Upload one",
    "/models": "Upload a table",
    "/predict": "Upload a table",
    "/deploy": "Upload a table",
    "/watch": "Upload a table",
}


@pytest.mark.parametrize(("path", "step"), PAGES.items())
def test_a_page_of_an_empty_home_says_the_next_step(visitor, path, step):
    page = visitor.get(path)
    assert page.status_code == 200
    assert step in page.text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_used_without_eyes_and_without_a_network(visitor, path):
    text = visitor.get(path).text
    assert '<html lang="en">' in text
    assert text.count("<h1") == 1
    assert 'href="#main"' in text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    ids = set(re.findall(r' id="([^"]+)"', text))
    for pointed in re.findall(r' (?:for|aria-describedby|aria-labelledby)="([^"]+)"', text):
        assert pointed in ids, pointed
    for control in re.findall(r"<(?:input|select|textarea)[^>]*>", text):
        if 'type="hidden"' in control:
            continue
        named = re.search(r' id="([^"]+)"', control)
        assert "aria-label" in control or f'for="{named[1]}"' in text, control


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/data/1796024713-01d359ef", 404),
        ("/work/1796024713-01d359ef", 404),
        ("/models/nobody", 400),
        ("/predict/nobody", 400),
        ("/predict/nobody/row", 400),
        ("/watch/nobody", 400),
        ("/models/nobody/1/report", 400),
    ],
)
def test_what_is_not_there_is_said_in_words(visitor, path, status):
    page = visitor.get(path)
    assert page.status_code == status
    assert 'role="alert"' in page.text
    assert "Traceback" not in page.text


@pytest.mark.parametrize(
    "key", ["..", "../key", "%2e%2e%2fkey", "..%2f..%2fmlflow.db", "....//key", "key", "%00"]
)
@pytest.mark.parametrize("place", ["/data/{}", "/work/{}/result", "/static/{}"])
def test_no_path_leads_out_of_the_folder(visitor, home, place, key):
    visitor.get("/data")  # the key is there
    reply = visitor.get(place.format(key))
    assert reply.status_code in (400, 404) or reply.url.path in PAGES
    assert (home.home / "studio" / "key").read_bytes() not in reply.content


def test_the_static_files_are_there(visitor):
    for name in ("studio.css", "htmx.min.js", "favicon.svg", "htmx.LICENSE.txt"):
        assert visitor.get(f"/static/{name}").status_code == 200
