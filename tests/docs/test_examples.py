"""What the README and the guides show can be typed: names, commands, options, schedules."""

import re
from pathlib import Path

import pytest
import typer
import yaml

from espalier.flows.cli.app import app
from espalier.infra.orchestration.schedules import read_schedules

ROOT = Path(__file__).parents[2]
GUIDES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs/guide").glob("*.md"))
PAGES = ["README.md", "CONTRIBUTING.md", "docs/index.md", *GUIDES]
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# Names in MLflow that read like a command.
NAMES = {"espalier decisions", "espalier experience"}
COMMANDS = typer.main.get_command(app).commands


def blocks(page, language):
    """Return the code blocks of a page in a language."""
    found = BLOCK.findall((ROOT / page).read_text())
    return [text for kind, text in found if kind == language]


@pytest.mark.parametrize("page", PAGES)
def test_python_examples_compile_and_their_imports_work(page):
    for text in blocks(page, "python"):
        compile(text, page, "exec")
        for line in re.findall(r"^from espalier\S* import .*$", text, re.MULTILINE):
            exec(line, {})


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_their_options_exist(page):
    text = (ROOT / page).read_text()
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    lines += re.findall(r"`(espalier [a-z][^`]*)`", text)
    for line in lines:
        found = re.search(r"\bespalier ((?:experience )?[a-z]+)([^#]*)", line)
        if found is None or line in NAMES:
            continue
        *groups, name = found.group(1).split()
        level = COMMANDS[groups[0]].commands if groups else COMMANDS
        options = {each for option in level[name].params for each in option.opts}
        assert set(re.findall(r"--[a-z][a-z-]*", found.group(2))) <= options, line


def test_the_example_of_schedules_can_be_read(tmp_path):
    (text,) = blocks("docs/guide/schedules.md", "yaml")
    (tmp_path / "schedules.yaml").write_text(text)
    made = read_schedules(tmp_path / "schedules.yaml", {"SHOP_PASSWORD": "x"})
    assert [each.flow for each in made] == ["retrain", "predict", "learn"]
    assert len(yaml.safe_load(text)) == len(made)
