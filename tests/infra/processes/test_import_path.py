"""Where the Pythons that we start look for modules."""

import os
import subprocess
import sys

import pytest

from espalier.infra.operations.notify import _run
from espalier.infra.orchestration.server import server_environment
from espalier.infra.processes.import_path import (
    OURS,
    SAFE_PATH,
    as_the_user_set_it,
    without_working_folder,
)

SAFE_VALUE = f"os.environ.get({SAFE_PATH!r})"
LEAVE = "from espalier.infra.processes.import_path import leave_working_folder as leave; leave();"


@pytest.fixture(autouse=True)
def _unset(monkeypatch):
    monkeypatch.delenv(SAFE_PATH, raising=False)


def _python(code, folder, *options):
    return subprocess.run(
        [sys.executable, *options, "-c", f"import os, sys; {code}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()


def test_a_child_does_not_look_into_the_working_folder(tmp_path):
    (tmp_path / "random.py").write_text("raise RuntimeError('mine')")
    subprocess.run(
        [sys.executable, "-c", "import random"],
        cwd=tmp_path,
        env=without_working_folder(),
        check=True,
    )


def test_what_the_user_has_set_stays(monkeypatch):
    assert without_working_folder({SAFE_PATH: "1"}) == {SAFE_PATH: "1"}
    monkeypatch.setenv(SAFE_PATH, "1")
    assert as_the_user_set_it()[SAFE_PATH] == "1"
    monkeypatch.setenv(SAFE_PATH, OURS)
    assert SAFE_PATH not in as_the_user_set_it()


def test_commands_of_the_user_look_where_they_always_do(tmp_path, monkeypatch):
    monkeypatch.setenv(SAFE_PATH, OURS)
    (tmp_path / "beside.py").write_text("")
    (tmp_path / "tell.py").write_text("import beside, sys; assert sys.stdin.read() == 'news'")
    _run(f"{sys.executable} {tmp_path / 'tell.py'}", "news")


def test_a_server_of_ours_is_started_so(stores):
    assert server_environment(stores, "http://127.0.0.1:1/api", full=True)[SAFE_PATH] == OURS


def test_the_command_line_leaves_the_folder_for_good(tmp_path):
    said = _python(
        f"{LEAVE} print(os.getcwd() in sys.path, '' in sys.path, {SAFE_VALUE})", tmp_path
    )
    assert said == ["False", "False", OURS]


def test_the_folder_that_espalier_is_imported_from_stays(tmp_path):
    source = os.path.dirname(next(iter(__import__("espalier").__path__)))
    said = _python(f"{LEAVE} print(sys.path[0] in ('', os.getcwd()), {SAFE_VALUE})", source)
    assert said == ["True", "None"]
