import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from espalier.infra.operations.logs import chatter_to, new_log_path
from espalier.pipelines.errors import UserError


def test_output_records_and_warnings_go_to_the_file(tmp_path, capsys):
    path = tmp_path / "new" / "run.log"
    with chatter_to(path) as terminal:
        sys.stdout.write("somebody prints\n")
        sys.stderr.write("and complains\n")
        logging.getLogger("some.library").info("worked on it")
        warnings.warn("mind the gap", UserWarning, stacklevel=1)
        logging.getLogger("httpx").info("GET /nothing")
        terminal.write("for the user\n")
    text = path.read_text()
    for line in ("somebody prints", "and complains", "some.library: worked on it"):
        assert text.count(line) == 1, line
    assert "mind the gap" in text
    assert "GET" not in text
    assert "for the user" not in text
    assert capsys.readouterr() == ("for the user\n", "")


def test_afterwards_everything_is_as_before(tmp_path, capsys):
    root = logging.getLogger()
    before = (root.level, list(root.handlers), warnings.showwarning, sys.stdout, sys.stderr)
    with chatter_to(tmp_path / "run.log"):
        pass
    assert (root.level, list(root.handlers), warnings.showwarning, sys.stdout, sys.stderr) == before
    sys.stdout.write("back\n")
    assert capsys.readouterr().out == "back\n"


def test_an_error_leaves_its_traceback_and_the_users_own_does_not(tmp_path):
    path = tmp_path / "run.log"
    with pytest.raises(RuntimeError), chatter_to(path):
        raise RuntimeError("no luck")
    assert "Traceback" in path.read_text()
    assert "no luck" in path.read_text()
    with pytest.raises(UserError), chatter_to(tmp_path / "other.log"):
        raise UserError("wrong column")
    assert (tmp_path / "other.log").read_text() == ""


def test_log_paths_are_in_the_home_folder(tmp_path):
    path = new_log_path(tmp_path, "train")
    assert path.parent == tmp_path / "logs"
    assert path.name.startswith("train-")
    assert not path.parent.exists()


CHATTY = """
import logging, os, subprocess, sys
from pathlib import Path
from espalier.infra.operations.logs import chatter_to
print("before")
with chatter_to(Path(sys.argv[1])) as terminal:
    import distributed, mlflow
    from prefect.logging.configuration import setup_logging
    setup_logging()
    logging.getLogger("distributed.scheduler").info("dask speaks")
    logging.getLogger("mlflow.utils").warning("mlflow speaks")
    logging.getLogger("prefect.task_runs").info("prefect speaks")
    logging.getLogger("espalier.infra.thing").info("we speak")
    os.write(1, b"native code speaks\\n")
    subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('a child speaks\\\\n')"])
    terminal.write("ours\\n")
print("after")
"""


def test_the_chatty_ones_themselves_write_to_the_file_and_nowhere_else(tmp_path):
    root = str(Path(__file__).parents[3] / "src")
    run = subprocess.run(
        [sys.executable, "-c", CHATTY, str(tmp_path / "run.log")],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("DASK_")}
        | {"PYTHONPATH": root},
    )
    assert (run.stdout, run.stderr) == ("before\nours\nafter\n", "")
    text = (tmp_path / "run.log").read_text()
    for line in (
        "dask speaks",
        "mlflow speaks",
        "prefect speaks",
        "we speak",
        "native code speaks",
        "a child speaks",
    ):
        assert text.count(line) == 1, line


def test_a_disk_that_takes_no_line_costs_the_lines_alone(tmp_path):
    """In a process of its own, as the limit holds for all its files."""
    code = (
        "import logging, resource, sys\n"
        "from pathlib import Path\n"
        "from espalier.infra.operations.logs import chatter_to\n"
        "try:\n"
        "    with chatter_to(Path(sys.argv[1])) as terminal:\n"
        "        print('a line')\n"
        "        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "        print('another line', flush=True)\n"
        "        logging.getLogger('infra').warning('and another')\n"
        "        terminal.write('for the user\\n')\n"
        "        raise RuntimeError('the reason')\n"
        "except RuntimeError as error:\n"
        "    sys.stderr.write(f'{error}\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.log")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "for the user\n"
    assert done.stderr == "the reason\n"
    assert (tmp_path / "a.log").read_text().startswith("a line")
