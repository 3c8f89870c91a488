"""The worked example, run as a person runs it: what must happen in each month does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the story printed, and its facts by chapter."""
    folder = tmp_path_factory.mktemp("story")
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PREFECT_", "MLFLOW_", "ESPALIER_"))
    }
    ended = subprocess.run(
        [
            sys.executable,
            ROOT / "examples" / "month_by_month" / "story.py",
            folder / "clinic",
            "--json",
            folder / "facts.json",
        ],
        env=kept | {"PYTHONPATH": str(ROOT / "src")},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout, json.loads((folder / "facts.json").read_text())


def test_month_1_the_first_model_serves(told):
    assert told[1]["first_training"] == {"version": 1, "alias": "champion"}


def test_month_2_the_schedule_retrains_and_the_better_one_serves(told):
    facts = told[1]["more_of_the_same"]
    assert facts["verdict"] == "healthy"
    assert facts["challenger"] == 2
    assert facts["champion"] == (2 if facts["outcome"] == "promoted" else 1)
    assert facts["outcome"] in ("promoted", "kept")
    assert facts["changed_again"] is False


def test_month_3_a_broken_table_is_refused_and_nothing_moves(told):
    facts = told[1]["a_broken_export"]
    assert "missing: mean area; unexpected: area" in facts["refusal"]
    assert "'mean radius' has a type among" in facts["refusal"]
    assert facts["champion"] == told[1]["more_of_the_same"]["champion"]
    assert facts["n_versions"] == 2


def test_month_4_drift_is_noticed_and_the_retrained_model_serves(told):
    facts = told[1]["a_new_scanner"]
    assert facts["verdict"] == "retrain"
    for column in ("mean radius", "mean perimeter", "mean area"):
        assert any(f"'{column}': stability index" in each for each in facts["reasons"])
    assert not any("'mean texture'" in each for each in facts["reasons"])
    assert (facts["challenger"], facts["outcome"], facts["champion"]) == (3, "promoted", 3)
    assert facts["numbers"]["low"] > 0


def test_month_5_a_worse_challenger_is_rejected(told):
    facts = told[1]["a_worse_idea"]
    assert (facts["challenger"], facts["outcome"], facts["champion"]) == (4, "kept", 3)
    assert facts["numbers"]["n_rows"] == 100  # the month's rows, new to both
    assert facts["numbers"]["high"] < 0


def test_month_6_the_model_before_is_back_in_one_step(told):
    facts = told[1]["back"]
    assert facts["champion_before"] == 3
    assert facts["champion"] == told[1]["a_new_scanner"]["champion_before"]


def test_it_reads_as_a_story(told):
    out = told[0]
    titles = [line for line in out.splitlines() if line.startswith("Month ")]
    assert [title[:7] for title in titles] == [f"Month {number}" for number in range(1, 7)]
    assert "Traceback" not in out
    assert "rolled back" in out
