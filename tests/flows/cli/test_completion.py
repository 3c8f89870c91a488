"""Shell completion: what ``--show-completion`` prints teaches bash the commands and options."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[3] / "src"
ASK = """
eval "$(cat completion)"
COMP_WORDS=({words}); COMP_CWORD={place}
_espalier_completion espalier
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the command, and what it prints for bash."""
    folder = tmp_path_factory.mktemp("shell")
    command = folder / "espalier"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m espalier.flows.cli.app "$@"\n')
    command.chmod(0o755)
    (folder / "completion").write_text(bash(folder, "espalier --show-completion"))
    return folder


def bash(folder, script):
    environment = os.environ | {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(SOURCES),
        "ESPALIER_HOME": str(folder / "home"),
    }
    done = subprocess.run(
        ["bash", "-c", f"{script}\nexit $?"],  # a last command alone would take bash's place
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_bash_completes_commands(folder):
    found = bash(folder, ASK.format(words='"espalier" "re"', place=1)).split()
    assert set(found) == {"retrain", "report"}


def test_bash_completes_options(folder):
    found = bash(folder, ASK.format(words='"espalier" "train" "--no-"', place=2)).split()
    assert "--no-progress" in found
    assert all(each.startswith("--no-") for each in found)
