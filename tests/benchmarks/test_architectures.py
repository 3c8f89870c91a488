"""The replay of architectures on a table small enough to know the answer."""

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("none", "skip", "conv")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    rows = []
    for cell in product(OPTIONS, repeat=5):
        if cell[0] == "none" and cell[1] == "none":
            continue  # an architecture that does not exist
        size = 1.0 + cell.count("conv")
        test = sum((0.0, 0.5, 1.0)[OPTIONS.index(each)] for each in cell)
        test += 1.2 * (cell[2] == "skip" and cell[3] == "conv")
        seen = test + 0.05 * rng.standard_normal(2)
        rows.append((*cell, *seen, test, size))
    names = [*(f"op{number}" for number in range(5)), "first", "second", "test", "size"]
    path = tmp_path_factory.mktemp("architectures") / "table.parquet"
    pd.DataFrame(rows, columns=names).to_parquet(path)
    return path


def replayed(table, *options, out=None):
    told = [] if out is None else ["--out", str(out)]
    run = subprocess.run(
        [
            sys.executable,
            str(ROOT / "benchmarks" / "architectures.py"),
            str(table),
            "--parameters",
            "op0,op1,op2,op3,op4",
            "--score",
            "first,second",
            "--test",
            "test",
            *options,
            *told,
        ],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    return run


def figures(run):
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    for strategies in found.values():
        for each in strategies.values():
            del each["seconds"]
    return found


def test_a_table_with_gaps_is_searched_and_runs_are_taken_up_again(table, tmp_path):
    out = tmp_path / "runs.jsonl"
    amount = ("--evaluations", "32", "--costs", "size", "--front-strategies", "random,guided")
    names = ("--strategies", "random,guided")
    first = figures(replayed(table, *amount, *names, "--runs", "2", out=out))
    assert first["score"]["guided"]["mean"] >= first["score"]["random"]["mean"]
    assert 0.5 < first["size"]["random"]["mean"] < first["size"]["guided"]["mean"] <= 1.0
    lines = out.read_text().splitlines()
    assert len(lines) == 8
    assert figures(replayed(table, *amount, *names, "--runs", "2", out=out)) == first
    assert out.read_text().splitlines() == lines  # nothing was run again
    out.write_text("\n".join(lines[:5]) + "\n")  # a run that was cut off
    assert figures(replayed(table, *amount, *names, "--runs", "2", out=out)) == first


def test_a_column_that_is_not_there_is_named(table):
    run = replayed(table, "--costs", "weight")
    assert run.returncode == 1
    assert run.stderr.strip().startswith("the table has no column 'weight'; it has: op0")
    assert "Traceback" not in run.stderr
