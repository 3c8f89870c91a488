"""Read-only and full places are told in one line, and nothing half-written is left."""

import errno
import os

import pytest

from espalier.flows.cli.app import run
from espalier.infra import places
from espalier.infra.places import require_home, require_writable, write_whole
from espalier.infra.tables.table_writer import TableWriter
from espalier.pipelines.errors import UserError


@pytest.fixture
def read_only(tmp_path, monkeypatch):
    """A folder that cannot be written; for root, too."""
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o500)
    really = os.access
    monkeypatch.setattr(
        places.os,
        "access",
        lambda path, mode: (
            really(path, mode) and not (mode & os.W_OK and os.fspath(path) == str(folder))
        ),
    )
    return folder


def test_a_home_is_made(tmp_path):
    require_home(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_home_that_cannot_be_written_is_named_with_its_variable(tmp_path, read_only):
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "x", read_only):
        with pytest.raises(UserError, match=r"home folder.*cannot be written.*ESPALIER_HOME"):
            require_home(home)


@pytest.mark.parametrize(
    "command", [["models"], ["train", "t.csv", "--target", "y"],
                ["predict", "t.csv", "--model", "t", "--out", "p.csv"]],
)  # fmt: skip
def test_a_command_says_so_in_one_line_with_status_2(tmp_path, monkeypatch, capfd, command):
    (tmp_path / "file").touch()
    (tmp_path / "t.csv").write_text("x,y\n1,a\n2,b\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path / "file" / "home"))
    assert run(command) == 2
    said = capfd.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "home folder" in said[0]
    assert "ESPALIER_HOME" in said[0]


def test_outputs_are_refused_before_work_is_done_for_them(tmp_path, read_only):
    (tmp_path / "folder.csv").mkdir()
    for path, said in (
        (tmp_path / "none" / "p.csv", "does not exist"),
        (tmp_path / "folder.csv", "is a folder"),
        (read_only / "p.csv", "cannot be written"),
    ):
        with pytest.raises(UserError, match=said):
            require_writable(path)
        with pytest.raises(UserError, match=said):
            TableWriter(path)


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    from pathlib import Path

    path = tmp_path / "outcome.json"
    write_whole(path, "old")

    def full(self, *_, **__):
        self.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UserError, match=r"outcome.json.*No space left"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["outcome.json"]


def test_links_and_devices_stay_what_they_are(tmp_path):
    target = tmp_path / "deep" / "target.json"
    target.parent.mkdir()
    link = tmp_path / "link.json"
    link.symlink_to(target)
    write_whole(link, "text")
    assert link.is_symlink()
    assert target.read_text() == "text"
    require_writable(places.Path(os.devnull))
    write_whole(places.Path(os.devnull), "text")
    assert not places.Path(os.devnull).is_file()
