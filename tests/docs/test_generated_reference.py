"""The reference pages are filled from the code, with everything that the code has."""

import re

import pytest
import typer

from espalier.flows.cli.app import app
from espalier.pipelines.requests.train import TrainRequest


@pytest.fixture(scope="module")
def commands(generated_page):
    return generated_page("docs/reference/commands.md")


def test_every_command_and_option_is_there(commands):
    inner = typer.main.get_command(app).commands
    found = dict(inner) | {
        f"experience {name}": each for name, each in inner["experience"].commands.items()
    }
    for name, command in found.items():
        assert re.search(rf"^##+ espalier {name}$", commands, re.MULTILINE), name
        for option in getattr(command, "params", []):
            spelled = option.opts[0] if option.opts[0].startswith("-") else option.metavar
            assert spelled in commands, (name, spelled)


def test_defaults_and_what_is_required_are_said(commands):
    assert "`--on-drift POLICY`" in commands
    assert "*Default:* `warn`." in commands
    assert ": The model; its champion by default. *Required.*" in commands


def test_every_field_of_a_request_is_there(generated_page):
    page = generated_page("docs/reference/python.md")
    for name in TrainRequest.model_fields:
        assert f"`{name}`\n:" in page


def test_no_marker_is_left(generated_page):
    for page in ("commands", "settings", "python"):
        assert "<!-- generated" not in generated_page(f"docs/reference/{page}.md")


def test_a_marker_that_means_nothing_is_refused(docs_extension):
    extension = docs_extension("generated_reference")
    with pytest.raises(LookupError, match="nothing is generated for poems"):
        extension.fill_page(None, "", ["<!-- generated: poems -->"])
    with pytest.raises(LookupError, match="NoRequest"):
        extension.fill_page(None, "", ["<!-- generated: request NoRequest -->"])


@pytest.mark.parametrize(
    "page",
    [
        '<script defer src="https://cdn.example.org/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example.org/css">',
        '<img alt="badge" src="https://img.example.org/badge.svg"/>',
    ],
)
def test_what_would_be_fetched_is_found(docs_extension, page):
    assert docs_extension("offline_check").fetched(page)


def test_links_and_local_files_are_fetched_from_nowhere(docs_extension):
    check = docs_extension("offline_check").fetched
    assert check('<a href="https://example.org">x</a><script src="_static/x.js"></script>') == []
    assert check('<link rel="canonical" href="https://example.org/">') == []
    assert check("@import url('https://example.org/a.css');", css=True)
    assert check("src: url('fonts/a.woff2')", css=True) == []
