"""The command line where little is as it should be: the folder, the proxy, the home, the filters.

All at once: each of these ended a training on its own.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.cluster]

ROOT = Path(__file__).parents[2]
NAME = "R&D 50%25 off #2? Umsätze it's ${HOME} {x}"
NOBODY = "http://127.0.0.1:9"  # nothing listens there
QUICK = ("--trials", "2", "--families", "linear,lightgbm", "--workers", "1")


def rows(seed, n_rows):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n_rows)
    y = np.where(x + 0.3 * rng.normal(size=n_rows) > 0, "a", "b")
    return pd.DataFrame({"x": x, "z": rng.normal(size=n_rows), "y": y})


@dataclass(frozen=True)
class Place:
    folder: Path

    def run(self, *arguments, cwd=None, **more):
        proxies = {name: NOBODY for each in ("http", "https", "all")
                   for name in (f"{each}_proxy", f"{each.upper()}_PROXY")}  # fmt: skip
        environ = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"),
            "PYTHONWARNINGS": "error", "HOME": "/nonexistent", "NO_COLOR": "1",
            "ESPALIER_PREFECT_START_SECONDS": "600",
        }  # fmt: skip
        return subprocess.run(
            [str(Path(sys.executable).parent / "espalier"), *map(str, arguments)],
            cwd=cwd or self.folder, env=environ | proxies | more, text=True, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=900,
        )  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strange") / NAME
    folder.mkdir()
    rows(1, 120).to_csv(folder / "data.csv", index=False)
    return Place(folder)


def test_it_trains_and_predicts_and_keeps_all_in_its_folder(place):
    trained = place.run("train", "data.csv", "--target", "y", *QUICK)
    assert trained.returncode == 0, trained.stderr
    assert (place.folder / "mlruns" / "mlflow.db").exists()
    assert (place.folder / "mlruns" / "prefect" / "prefect.db").exists()
    assert [each.name for each in place.folder.parent.iterdir()] == [NAME]
    scored = place.run("predict", "data.csv", "--model", "data", "--out", "p.csv")
    assert scored.returncode == 0, scored.stderr
    assert len(pd.read_csv(place.folder / "p.csv")) == 120
    assert sorted(each.name for each in place.folder.iterdir()) == ["data.csv", "mlruns", "p.csv"]


def test_it_is_retrained_from_elsewhere_on_its_own_table(place, tmp_path):
    pd.concat([rows(1, 120), rows(2, 40)]).to_csv(place.folder / "data.csv", index=False)
    rows(3, 99).to_csv(tmp_path / "data.csv", index=False)
    again = place.run(
        "retrain", "data", "--trials", "1", "--json", tmp_path / "found.json", cwd=tmp_path,
        ESPALIER_HOME=str(place.folder / "mlruns"),
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["n_rows"] == 160
