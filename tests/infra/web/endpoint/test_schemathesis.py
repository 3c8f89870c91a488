"""Schemathesis asks an endpoint what its own OpenAPI document allows, and what it does not.

It is no dependency; the test runs where the program ``schemathesis`` is on the path.
"""

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from espalier.infra.registry.registry import register_version
from espalier.infra.tracking.tracking import Tracking
from tests.forecast_maker import saved_forecast

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[4]
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,unsupported_method,negative_data_rejection"
)


@pytest.fixture
def served(new_settings, saved_model, raw_rows, tmp_path):
    """The address of an endpoint with a model of a table, `bought`, and a forecast, `sales`."""
    settings = new_settings()
    tracking = Tracking(settings)
    forecast, golden, _ = saved_forecast(tmp_path / "saved")
    for name, folder, example in (("bought", saved_model, raw_rows), ("sales", forecast, golden)):
        register_version(
            tracking,
            name=name,
            run_id=tracking.start_run("training"),
            folder=folder,
            example=example,
        )
    with running(settings.home, "bought", "sales") as address:
        yield address


@contextmanager
def running(home, *models):
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PREFECT_", "MLFLOW_", "ESPALIER_"))
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "espalier", "endpoint", *models, "--port", "0", "--workers", "1"],
        env=kept | {"ESPALIER_HOME": str(home), "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_nothing_that_the_document_allows_or_forbids_is_answered_wrongly(served, tmp_path):
    program = shutil.which("schemathesis")
    if program is None:
        pytest.skip("schemathesis is not installed")
    done = subprocess.run(
        [
            *(program, "run", f"{served}/openapi.json", "--checks", CHECKS),
            *("--max-examples", "40", "--seed", "1", "--no-color"),
        ],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
