import os
import subprocess
import sys

from espalier.infra.log_rotation import old_logs, rotate
from espalier.infra.operations import logs
from espalier.infra.operations.cleaning import clean_logs
from espalier.infra.operations.logs import chatter_to


def test_a_large_log_is_moved_aside_while_it_is_written(tmp_path):
    path = tmp_path / "server.log"
    program = "import sys\nfor line in sys.stdin: print(line * 50, end='', flush=True)"
    with path.open("ab") as log:
        writer = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=log, text=True
        )
    for turn in range(5):
        before = path.stat().st_size
        writer.stdin.write(f"turn {turn}\n")
        writer.stdin.flush()
        while path.stat().st_size < before + 50 * len("turn 0\n"):
            assert writer.poll() is None
        assert rotate(path, most_bytes=100, copies=3)
        assert path.stat().st_size == 0  # and no hole: it is opened for appending
    writer.stdin.close()
    writer.wait(60)
    kept = {each.name: each.read_text()[:6] for each in tmp_path.iterdir() if each != path}
    assert kept == {"server.log.1": "turn 4", "server.log.2": "turn 3", "server.log.3": "turn 2"}
    assert not rotate(path, most_bytes=100)
    assert not rotate(tmp_path / "absent.log")


def test_the_log_of_a_command_that_goes_on_is_cut(tmp_path, monkeypatch):
    import logging

    monkeypatch.setattr(logs, "_CHECK_BYTES", 1000)
    monkeypatch.setattr(logs, "rotate", lambda path: rotate(path, most_bytes=5000, copies=2))
    path = tmp_path / "serve.log"
    with chatter_to(path):
        for number in range(600):
            logging.getLogger("espalier").warning("number %d %s", number, "x" * 40)
    assert path.stat().st_size < 10_000
    assert {each.name for each in tmp_path.iterdir()} == {
        "serve.log",
        "serve.log.1",
        "serve.log.2",
    }
    assert "number 599" in path.read_text() + (tmp_path / "serve.log.1").read_text()


def test_old_logs_of_commands_go(new_settings):
    settings = new_settings()
    settings.logs_folder.mkdir()
    for name, age in (("train-1.log", 40), ("train-2.log", 20), ("serve-1.log.1", 31)):
        path = settings.logs_folder / name
        path.write_text("x")
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age * 86_400))
    (settings.logs_folder / "other.txt").write_text("not ours")
    assert [each.name for each in old_logs(settings.logs_folder, days=30)] == [
        "train-1.log",
        "serve-1.log.1",
    ]
    assert len(clean_logs(settings, days=30, dry_run=True)) == 2
    assert clean_logs(settings, days=0, dry_run=False) == ()
    assert len(list(settings.logs_folder.iterdir())) == 4
    clean_logs(settings, days=30, dry_run=False)
    assert {each.name for each in settings.logs_folder.iterdir()} == {"train-2.log", "other.txt"}


def test_the_log_of_a_server_is_cut_before_the_server_starts(new_settings):
    settings = new_settings()
    settings.prefect_folder.mkdir()
    log = settings.prefect_folder / "server.log"
    log.write_bytes(b"x" * (21 * 2**20))
    clean_logs(settings, days=30, dry_run=False)
    assert log.stat().st_size == 0
    assert (settings.prefect_folder / "server.log.1").stat().st_size == 21 * 2**20
