import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from infra.logs import RunLog


def test_records_and_warnings_go_to_the_file(tmp_path, capsys):
    path = tmp_path / "new" / "run.log"
    with RunLog(path):
        logging.getLogger("some.library").info("worked on it")
        warnings.warn("mind the gap", UserWarning, stacklevel=1)
        logging.getLogger("httpx").info("GET /nothing")
    text = path.read_text()
    assert "some.library: worked on it" in text
    assert "mind the gap" in text
    assert "GET" not in text
    assert capsys.readouterr() == ("", "")


def test_afterwards_everything_is_as_before(tmp_path):
    root = logging.getLogger()
    before = (root.level, list(root.handlers), warnings.showwarning)
    with RunLog(tmp_path / "run.log"):
        pass
    assert (root.level, list(root.handlers), warnings.showwarning) == before


def test_the_file_moves_into_the_runs_folder(tmp_path):
    later = tmp_path / "runs" / "1" / "run.log"
    later.parent.mkdir(parents=True)
    later.write_text("an earlier attempt\n")
    with RunLog(tmp_path / "start.log") as log:
        logging.getLogger("a").info("first")
        log.move_to(later)
        log.move_to(later)
        logging.getLogger("a").info("second")
        assert log.path == later
    lines = later.read_text().splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["attempt", "first", "second"]
    assert not (tmp_path / "start.log").exists()


def test_an_error_leaves_its_traceback(tmp_path):
    with pytest.raises(ValueError, match="no luck"), RunLog(tmp_path / "run.log"):
        raise ValueError("no luck")
    assert "Traceback" in (tmp_path / "run.log").read_text()


CHATTY = """
import logging, sys
from pathlib import Path
from infra.environment import quiet_environment
quiet_environment()
from infra.logs import RunLog
with RunLog(Path(sys.argv[1])) as log:
    import distributed, mlflow
    from prefect.logging.configuration import setup_logging
    setup_logging()
    logging.getLogger("distributed.scheduler").info("dask speaks")
    logging.getLogger("mlflow.utils").warning("mlflow speaks")
    logging.getLogger("prefect.task_runs").info("prefect speaks")
    logging.getLogger("infra.thing").info("we speak")
print("ours")
"""


def test_the_chatty_ones_themselves_write_to_the_file_and_nowhere_else(tmp_path):
    root = str(Path(__file__).parents[2])
    run = subprocess.run(
        [sys.executable, "-c", CHATTY, str(tmp_path / "run.log")],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": root},
    )
    assert (run.stdout, run.stderr) == ("ours\n", "")
    text = (tmp_path / "run.log").read_text()
    for line in ("dask speaks", "mlflow speaks", "prefect speaks", "we speak"):
        assert text.count(line) == 1, line
