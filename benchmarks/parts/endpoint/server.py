"""The server that is measured, and the registered model that it serves."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from parts.endpoint.load import HOST

NAME = "endpoint-benchmark"
"""Name of the registered model."""
BIN = Path(sys.executable).parent
START_SECONDS = 180.0


@contextmanager
def serving(command: list[str], port: int, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end of the block."""
    environment = {
        **os.environ,
        "ESPALIER_HOME": str(home),
        # MLflow starts uvicorn by its name.
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "MLFLOW_TRACKING_URI": f"sqlite:///{home}/mlflow.db",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (home / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        end = time.monotonic() + START_SECONDS
        while not _is_up(port):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"the server did not start; see {home / 'server.log'}")
            time.sleep(0.2)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        # What it started may answer for a moment longer, and would be taken for the next server.
        while _is_up(port):
            time.sleep(0.2)


def _is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def make_model(home: Path) -> dict[str, Any]:
    """Register two versions of a small ensemble, unless they are there; return a row."""
    import numpy as np
    import pandas as pd

    from espalier.infra.registry.registry import describe_versions, register_version
    from espalier.infra.settings import Settings
    from espalier.infra.tracking.tracking import Tracking
    from espalier.pipelines.automl.estimators import AutoMLClassifier
    from espalier.pipelines.serving.saved_model import save_model

    rng = np.random.default_rng(0)
    n = 1_000
    X = pd.DataFrame({f"x{at}": rng.normal(size=n).round(3) for at in range(8)})
    X["plan"] = rng.choice(["basic", "plus", "pro"], n)
    X["city"] = rng.choice(list("abcdefgh"), n)
    y = np.where(X["x0"] + (X["plan"] == "pro") + rng.normal(0, 0.5, n) > 0.5, "yes", "no")
    settings = Settings(home=home, tracking_uri=None, registry_uri=None)
    if not describe_versions(NAME, settings):
        fitted = AutoMLClassifier(
            time_budget=None, n_trials=6, families=["linear", "lightgbm"], random_state=0
        ).fit(X, y)
        folder = save_model(fitted.model_, home / "saved", golden=X.head(8))
        tracking = Tracking(settings)
        for _ in range(2):
            run_id = tracking.start_run("training")
            register_version(tracking, name=NAME, run_id=run_id, folder=folder, example=X)
    row: dict[str, Any] = X.iloc[0].to_dict()
    return row
