"""What the environment of a process of ours is, given that of the user."""

import subprocess
import sys
from urllib.request import getproxies, proxy_bypass

import pytest

from espalier.infra.environment import (
    quiet_environment,
    reach_this_machine,
    without_strict_warnings,
)

HERE = ["127.0.0.1", "localhost", "::1"]
PROXY = "http://proxy.example:3128"


def set_only(monkeypatch, given):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_no_proxy_is_asked_for_this_machine(monkeypatch, name):
    set_only(monkeypatch, {name: PROXY})
    reach_this_machine()
    assert proxy_bypass("127.0.0.1:4200")
    assert proxy_bypass("localhost")
    assert not proxy_bypass("data.example")
    assert getproxies()[name.lower().removesuffix("_proxy")] == PROXY


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_what_no_proxy_held_is_kept(monkeypatch, name):
    set_only(monkeypatch, {"HTTP_PROXY": PROXY, name: "intra.example, localhost"})
    reach_this_machine()
    reach_this_machine()
    assert getproxies()["no"].split(",") == ["intra.example", "localhost", "127.0.0.1", "::1"]


def test_both_spellings_keep_what_is_theirs():
    environ = {"HTTP_PROXY": PROXY, "no_proxy": "a.example", "NO_PROXY": "b.example"}
    reach_this_machine(environ)
    assert environ["no_proxy"].split(",") == ["a.example", *HERE]
    assert environ["NO_PROXY"].split(",") == ["b.example", *HERE]


def test_a_star_says_it_all():
    environ = {"HTTP_PROXY": PROXY, "no_proxy": "*"}
    reach_this_machine(environ)
    assert environ["no_proxy"] == environ["NO_PROXY"] == "*"


@pytest.mark.parametrize("given", [{}, {"HTTP_PROXY": ""}, {"NO_PROXY": "a.example"}])
def test_without_a_proxy_nothing_is_set(given):
    environ = dict(given)
    reach_this_machine(environ)
    assert environ == given


def test_our_environment_reaches_this_machine():
    environ = {"https_proxy": PROXY, "HOME": "/"}
    quiet_environment(environ)
    assert environ["NO_PROXY"].split(",") == HERE


@pytest.mark.parametrize(
    ("given", "kept"),
    [("error", ""), ("e", ""), ("ignore", "ignore"), ("default,error::DeprecationWarning,once",
                                                      "default,once"), ("", "")],
)  # fmt: skip
def test_programs_of_ours_raise_no_warning(given, kept):
    assert without_strict_warnings({"PYTHONWARNINGS": given, "A": "b"}) == {
        "PYTHONWARNINGS": kept, "A": "b",
    }  # fmt: skip


def test_the_command_line_answers_where_warnings_are_errors(tmp_path):
    """The libraries it imports warn; this one of them is Great Expectations."""
    program = (
        "from espalier.infra.environment import let_warnings_pass; let_warnings_pass(); "
        "import os, sys, sre_constants; print(os.environ['PYTHONWARNINGS'], sys.warnoptions)"
    )
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=tmp_path, capture_output=True,
        text=True, check=False, env={"PYTHONWARNINGS": "error", "PYTHONPATH": sys.path[0]}
        | {"PYTHONPATH": ":".join(each for each in sys.path if each)},
    )  # fmt: skip
    assert said.stdout.split() == ["[]"], said.stderr


def test_a_process_without_home_and_name_gets_them(monkeypatch, tmp_path):
    import getpass
    import os
    import pwd

    def nobody(uid):
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    environ = {}
    quiet_environment(environ)
    assert os.path.dirname(environ["HOME"]) == str(tmp_path)
    assert os.stat(environ["HOME"]).st_mode & 0o777 == 0o700
    monkeypatch.setenv("LOGNAME", environ["LOGNAME"])
    assert getpass.getuser() == f"user-{os.getuid()}"


def test_a_home_that_somebody_prepared_is_not_used(monkeypatch, tmp_path):
    import os

    from espalier.infra.environment import _own_folder

    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "espalier-7").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = _own_folder(tmp_path / "espalier-7")
    assert os.path.realpath(found) not in (str(tmp_path / "elsewhere"), "")
