"""The endpoint's image and the notes for clusters name options that the command has."""

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from espalier.flows.cli.app import app

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def known():
    shown = CliRunner().invoke(app, ["endpoint", "--help"], env={"COLUMNS": "200"}).stdout
    return set(re.findall(r"--[a-z][a-z-]+", shown))


def test_the_image_starts_the_command(known):
    text = (ROOT / "infra" / "deploy" / "Dockerfile").read_text()
    stage = text.partition("AS endpoint")[2].partition("\nFROM ")[0]
    words = json.loads(re.search(r"ENTRYPOINT (\[.*\])", stage)[1])
    assert words[:4] == ["tini", "--", "espalier", "endpoint"]
    assert {word for word in words[4:] if word.startswith("--")} <= known


def test_the_manifests_are_yaml_and_name_options_that_exist(known):
    page = (ROOT / "docs" / "guide" / "endpoint.md").read_text()
    manifests = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.S)]
    assert [each["kind"] for each in manifests] == ["Deployment", "InferenceService"]
    containers = [
        manifests[0]["spec"]["template"]["spec"]["containers"][0],
        manifests[1]["spec"]["predictor"]["containers"][0],
    ]
    for each in containers:
        assert {word for word in each["args"] if word.startswith("--")} <= known
        assert each["ports"][0]["containerPort"] == 8080


def test_the_guide_names_options_that_exist(known):
    page = (ROOT / "docs" / "guide" / "endpoint.md").read_text()
    lines = re.findall(r"^espalier endpoint .*$", page, re.M)
    assert lines
    for line in lines:
        assert set(re.findall(r" (--[a-z][a-z-]+)", line.partition("#")[0])) <= known
