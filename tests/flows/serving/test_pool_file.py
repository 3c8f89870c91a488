"""``espalier serve --pool-file``: the same deployments, for machines that pull their work."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from espalier.flows.cli.app import app
from espalier.flows.serving.pool_file import pool_file

ROOT = Path(__file__).parents[3]
ENTRY = """
- model: churn
  data: postgresql://u:${ESPALIER_SECRET_SHOP}@db/shop
  query: select 1
  cron: "0 4 1 * *"
  time_zone: Europe/Paris
  promotion: approve
"""


def write(tmp_path, text):
    (tmp_path / "schedules.yaml").write_text(text)
    return CliRunner().invoke(
        app,
        [
            *("serve", "--schedules", str(tmp_path / "schedules.yaml")),
            *("--pool-file", str(tmp_path / "prefect.yaml"), "--pool", "big"),
        ],
    )


def test_without_schedules_it_is_the_file_of_the_sources():
    ours = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    made = yaml.safe_load(pool_file((), "espalier"))
    assert made["pull"] == ours["pull"] == []
    assert made["deployments"] == ours["deployments"]


def test_schedules_and_limits_are_in_it_and_no_secret(tmp_path, monkeypatch):
    monkeypatch.delenv("ESPALIER_SECRET_SHOP", raising=False)
    outcome = write(tmp_path, ENTRY)
    assert outcome.exit_code == 0, outcome.output
    record = yaml.safe_load((tmp_path / "prefect.yaml").read_text())
    made = record["deployments"][-1]
    assert made["name"] == "churn"
    assert made["entrypoint"] == "espalier.flows.retrain_flow:retrain"
    assert made["schedules"] == [{"cron": "0 4 1 * *", "timezone": "Europe/Paris", "slug": "churn"}]
    assert made["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
    assert made["parameters"]["request"]["promote"] == "approve"
    assert "${ESPALIER_SECRET_SHOP}" in made["parameters"]["request"]["data"]
    assert {each["work_pool"]["name"] for each in record["deployments"]} == {"big"}
    assert "RedactingAPILogHandler" in str(made["work_pool"]["job_variables"]["env"])


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("${ESPALIER_SECRET_SHOP}", "${SHOP}", "call it ESPALIER_SECRET_SHOP"),
        ("promotion: approve", "promotion: perhaps", "promotion"),
    ],
)
def test_what_a_pool_could_not_run_is_refused_in_a_line(tmp_path, before, after, said):
    outcome = write(tmp_path, ENTRY.replace(before, after))
    assert outcome.exit_code == 2
    assert said in outcome.stderr
    assert not (tmp_path / "prefect.yaml").exists()
