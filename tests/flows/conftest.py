"""The command line as a person runs it, on stores of its own."""

import json
import os
import subprocess
import sys
import urllib.request
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from typer.testing import CliRunner

from espalier.flows.cli.app import app

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Espalier:
    """A working folder with its own home, and the command line in it."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def home(self):
        return self.folder / "home"

    @property
    def prefect_database(self):
        return next((self.home / "prefect").glob("*.db"))

    @property
    def whole_environ(self):
        return {"ESPALIER_HOME": str(self.home), "PYTHONPATH": str(ROOT / "src")} | self.environ

    def start(self, *arguments, module="espalier.flows.cli.app"):
        """Start the command line in a process group of its own."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PREFECT_", "MLFLOW_", "ESPALIER_"))
        }
        return subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=self.folder,
            env=kept | self.whole_environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, module="espalier.flows.cli.app"):
        """Run the command line to its end; return status, stdout and stderr."""
        process = self.start(*arguments, module=module)
        out, error = process.communicate(timeout=600)
        return subprocess.CompletedProcess(process.args, process.returncode, out, error)

    def call(self, *arguments):
        """Run the command line in this process, which is quicker; return click's result."""
        with patch.dict(os.environ, self.whole_environ), chdir(self.folder):
            return CliRunner().invoke(app, [str(each) for each in arguments])

    def train(self, *arguments):
        """Train, and return what ``--json`` says."""
        outcome = self.run("train", *arguments, "--json", "out.json")
        assert outcome.returncode == 0, outcome.stderr + outcome.stdout
        return json.loads((self.folder / "out.json").read_text()), outcome


@pytest.fixture(scope="session")
def tumours(tmp_path_factory):
    """A small real table, made a little messy: 200 tumours of scikit-learn's bundled data."""
    bunch = load_breast_cancer(as_frame=True)
    table = bunch.data.iloc[:200, :8].round(3)
    rng = np.random.default_rng(0)
    table.insert(0, "patient", [f"P{number:04d}" for number in range(200)])
    table.insert(1, "grade", np.where(rng.random(200) < 0.5, "fine", "rough"))
    table.loc[rng.random(200) < 0.1, "mean area"] = np.nan
    table["diagnosis"] = np.where(bunch.target[:200] == 1, "benign", "malignant")
    path = tmp_path_factory.mktemp("data") / "tumours.csv"
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def espalier_in():
    """Make an `Espalier` of a folder."""
    return Espalier


@pytest.fixture(scope="module")
def flow_home(tmp_path_factory):
    """A home folder with stores and a Prefect server of its own, for flows called directly."""
    from espalier.infra.orchestration.server import PrefectServer
    from espalier.infra.settings import load_settings

    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("ESPALIER_HOME", str(home))
        patch.delenv("PREFECT_API_URL", raising=False)
        with PrefectServer(load_settings()).start() as server:
            server.wait()
            from prefect.settings import PREFECT_API_URL, temporary_settings

            from espalier.flows.cli.runs.train import prefect_told

            # What is left to be told when the server is gone is tried for more than a minute.
            with temporary_settings({PREFECT_API_URL: server.url}), prefect_told():
                yield home


@pytest.fixture(scope="session")
def visits():
    """Return ``n`` made-up visits to a shop, drawn by ``seed``; ``dearer`` multiplies the price."""

    def make(n, seed=0, dearer=1.0):
        rng = np.random.default_rng(seed)
        price = rng.gamma(3.0, 10.0, n).round(2)
        colour = rng.choice(["red", "green", "blue"], n)
        weight = rng.normal(size=n).round(3)
        wish = weight - price / 30 + 2.0 * (colour == "red") + rng.logistic(0, 0.5, n)
        return pd.DataFrame(
            {
                "visit": [f"V{seed}-{number:05d}" for number in range(n)],
                "price": (price * dearer).round(2),
                "colour": colour,
                "weight": weight,
                "bought": np.where(wish > -0.5, "yes", "no"),
            }
        )

    return make


@pytest.fixture(scope="module")
def ask(flow_home):
    """Ask the server's API."""
    from prefect.settings import PREFECT_API_URL

    def call(path, body=None):
        request = urllib.request.Request(
            f"{PREFECT_API_URL.value()}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.load(reply)

    return call
