"""Every command that opens a model says in one line that one of Espalier 0.1 is too old."""

import os
from contextlib import chdir
from unittest.mock import patch

import pytest

from tests.old_model import register_old


@pytest.fixture(scope="module")
def old(espalier_in, tumours, tmp_path_factory):
    """A folder whose model has two versions, champion and challenger, both of Espalier 0.1."""
    from espalier.infra.settings import load_settings
    from espalier.infra.tracking.tracking import Tracking

    espalier = espalier_in(tmp_path_factory.mktemp("old"))
    with patch.dict(os.environ, espalier.whole_environ), chdir(espalier.folder):
        tracking = Tracking(load_settings())
        for alias in ("champion", "challenger"):
            register_old(tracking, "churn", espalier.folder / alias, alias=alias)
    return espalier


def check(status, out, error, number):
    assert status == 2, out + error
    (line,) = error.strip().splitlines()
    assert line.startswith(f"error: model churn/{number} was saved by Espalier 0.1")
    assert "espalier retrain churn" in line


def test_predict(old, tumours):
    said = old.call("predict", tumours, "--model", "churn", "--out", "p.csv")
    check(said.exit_code, said.stdout, said.stderr, 1)
    assert not (old.folder / "p.csv").exists()


def test_verify(old):
    said = old.call("verify", "churn/2")
    check(said.exit_code, said.stdout, said.stderr, 2)


def test_commands_that_open_no_model_work_as_before(old):
    assert old.call("models").exit_code == 0
    assert old.call("history", "churn").exit_code == 0
    for command in ("report", "leaderboard"):  # the handmade versions have neither
        said = old.call(command, "churn")
        assert said.exit_code == 2
        assert "train it again" in said.stderr


@pytest.mark.slow
@pytest.mark.cluster
def test_promote(old):
    ended = old.run("promote", "churn")
    check(ended.returncode, ended.stdout, ended.stderr, 2)


@pytest.mark.slow
@pytest.mark.cluster
def test_monitor(old, tumours):
    ended = old.run("monitor", "churn", "--data", tumours)
    error = ended.stderr.strip().splitlines()
    check(ended.returncode, ended.stdout, error[-1], 1)
