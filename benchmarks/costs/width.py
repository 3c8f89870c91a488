"""Wide tables, many classes and long texts: what a training of a minute takes, and what it gives.

    python benchmarks/costs/width.py columns            # 300 rows of 20,000 numbers
    python benchmarks/costs/width.py classes --command  # 5,000 rows of 1,000 classes
    python benchmarks/costs/width.py texts --seconds 60 # 200 rows with a megabyte of text each

One line of JSON: seconds, most memory of all processes, trials that have a score, hold-out score.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from process_tree import MemoryWatch

SEED, TARGET = 0, "target"


def columns() -> pd.DataFrame:
    """Return 300 rows of 20,000 numbers; two of the columns matter."""
    rng = np.random.default_rng(SEED)
    names = [f"c{at}" for at in range(20_000)]
    table = pd.DataFrame(rng.normal(size=(300, 20_000)), columns=names)
    matters = 2 * table["c3"] + 2 * table["c7"] + rng.normal(size=300)
    return pd.concat([table, (matters > 0).rename(TARGET)], axis=1)


def classes() -> pd.DataFrame:
    """Return 5,000 rows of 1,000 classes, clouds in eight dimensions."""
    rng = np.random.default_rng(SEED)
    label = np.concatenate([np.arange(1_000), rng.integers(0, 1_000, 4_000)])
    points = 3.0 * rng.normal(size=(1_000, 8))[label] + rng.normal(size=(5_000, 8))
    table = pd.DataFrame(points, columns=list("abcdefgh"))
    return table.assign(**{TARGET: [f"kind {each}" for each in label]})


def texts() -> pd.DataFrame:
    """Return 200 rows of a text of a megabyte and a number; the words at its beginning matter."""
    rng = np.random.default_rng(SEED)
    words = np.array([f"w{at}" for at in range(5_000)])
    truth = rng.random(200) < 0.5
    cells = [" ".join(["good" if good else "bad", *rng.choice(words, 180_000)]) for good in truth]
    return pd.DataFrame({"text": cells, "x": rng.normal(size=200), TARGET: truth})


TABLES = {"columns": columns, "classes": classes, "texts": texts}


def by_estimator(table: pd.DataFrame, seconds: float) -> dict[str, Any]:
    """Return what a fit says of itself."""
    from espalier import AutoMLClassifier

    model = AutoMLClassifier(time_budget=seconds, random_state=SEED, holdout_fraction=0.2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(table.drop(columns=TARGET), table[TARGET])
    board = model.leaderboard_
    return {
        "trials": len(board),
        "scored": int((board["status"] == "success").sum()),
        "metric": model.metric_,
        "holdout_score": model.holdout_score_,
    }


def by_command(table: pd.DataFrame, seconds: float) -> dict[str, Any]:
    """Return what the command line says, in a home of its own."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        table.to_parquet(place / "table.parquet")
        command = [sys.executable, "-m", "espalier.flows.cli.app", "train", "table.parquet"]
        asked = ["--target", TARGET, "--time-budget", f"{seconds:g}s", "--json", "out.json"]
        ended = subprocess.run(
            [*command, *asked],
            cwd=place,
            env=os.environ | {"ESPALIER_HOME": str(place / "home")},
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            return {"status": ended.returncode, "said": ended.stderr.strip().splitlines()[-1:]}
        found = json.loads((place / "out.json").read_text())
    phases = {name: round(each, 1) for name, each in found["seconds"].items()}
    return {
        "trials": found["n_trials"],
        "scored": found["n_trials"] - found["n_failed"],
        "metric": found["metric"],
        "holdout_score": found["holdout_score"],
        "phases": phases,
    }


def main() -> None:
    """Train once, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=TABLES)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--command", action="store_true", help="by `espalier train`")
    options = parser.parse_args()
    table = TABLES[options.kind]()
    began = time.monotonic()
    with MemoryWatch(os.getpid()) as watch:
        train = by_command if options.command else by_estimator
        found = train(table, options.seconds)
    line = {
        "kind": options.kind,
        "by": "command" if options.command else "estimator",
        "wall_s": round(time.monotonic() - began, 1),
        "peak_mb": round(watch.peak.pss_mb),
    }
    print(json.dumps(line | found), flush=True)


if __name__ == "__main__":
    main()
