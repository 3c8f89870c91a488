"""The simulated year: its tables, its measure of growth, and that broken promises are told."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def year():
    sys.path.insert(0, str(ROOT / "benchmarks" / "year"))
    try:
        import year

        yield year
    finally:
        sys.path.remove(str(ROOT / "benchmarks" / "year"))


def test_a_table_grows_and_keeps_its_rows(year):
    first, later = year.table_of(3, 0), year.table_of(3, 5)
    assert len(later) == len(first) + 5 * year.ROWS_A_WEEK
    assert later.head(len(first)).equals(first)
    moved = year.table_of(3, 5, shift=2.5)
    assert moved.head(len(first)).equals(first)
    assert moved["a"].tail(year.ROWS_A_WEEK).mean() > later["a"].tail(year.ROWS_A_WEEK).mean() + 2


def test_growth_is_of_the_last_third_over_the_first(year):
    from report import growth

    assert growth([1.0, 1.0, 5.0, 5.0, 3.0, 3.0]) == 3.0
    assert growth([1.0, 9.0]) == 1.0


def test_what_was_broken_is_told_and_ends_with_one(year, capsys):
    from checks import Audit

    happened = year.Year(calls=[(1, 40), (2, 40), (3, 80)], disk=[1.0, 2.0, 3.0, 4.0])
    found = Audit(
        versions=2, promotions=0, decisions=0, mlflow_runs=3, flow_runs=3, broken=("a run is left",)
    )
    options = argparse.Namespace(models=1, weeks=4, stores="sqlite", seed=0, most_growth=1.3)
    assert year.conclude(happened, found, options, 1.0) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "BROKEN a run is left"
    assert json.loads(lines[-1])["broken"] == [
        "a run is left",
        "calls of a retraining grew by 2.00",
    ]
    happened.calls = happened.calls[:2]
    calm = Audit(versions=2, promotions=0, decisions=0, mlflow_runs=3, flow_runs=3, broken=())
    assert year.conclude(happened, calm, options, 1.0) == 0


def test_a_killed_command_leaves_no_process(year, tmp_path):
    from hosts import Host, Stores

    host = Host("one", tmp_path / "one", Stores(tmp_path / "stores", "sqlite"))
    host.make()
    outcome = host.run("models", kill_after=0.2)
    assert outcome.killed == 1
    assert outcome.status != 0


@pytest.mark.slow
@pytest.mark.cluster
def test_a_short_year_keeps_its_promises(tmp_path):
    ended = subprocess.run(
        [
            *(sys.executable, str(ROOT / "benchmarks" / "year" / "year.py")),
            *("--models", "1", "--weeks", "3", "--kill", "0.5"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    figures = json.loads(ended.stdout.splitlines()[-1])
    assert figures["broken"] == []
    assert figures["refused"] == 2
    assert ended.returncode == 0
