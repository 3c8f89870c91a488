"""What the whole flow adds to the bare search, by phase, on a made table.

    python benchmarks/overhead.py --home FOLDER [--trials 24] [--workers 2]

Runs `espalier train` twice in a home folder (the first run also makes the stores' databases), then
the bare estimator with the same trials, families and seed on the same table. Fixed overhead is the
command's wall time less the seconds of its search and of what the bare estimator does as well
(ensemble and refit). Overhead per trial is the workers' idle time during the search, by trial.
The last line is one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FAMILIES = "lightgbm,extra_trees,random_forest,xgboost"


def run_flow(table: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run the command once and return its figures, with its wall seconds and idle seconds."""
    record = options.home / "outcome.json"
    command = [
        str(Path(sys.executable).parent / "espalier"),
        "train", str(table), "--target", "target", "--name", "overhead", "--families", FAMILIES,
        "--trials", str(options.trials), "--workers", str(options.workers),
        "--json", str(record),
    ]  # fmt: skip
    started = time.monotonic()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "ESPALIER_HOME": str(options.home)},
    )  # fmt: skip
    wall = time.monotonic() - started
    outcome: dict[str, Any] = json.loads(record.read_text())
    logs = sorted((options.home / "runs").rglob("trials.jsonl"), key=lambda p: p.stat().st_mtime)
    trials = [json.loads(line) for line in logs[-1].read_text().splitlines() if line.strip()]
    busy = sum(trial["seconds"] for trial in trials)
    return {
        "wall": wall,
        "phases": outcome["seconds"],
        "idle_per_trial": (options.workers * outcome["seconds"]["search"] - busy) / len(trials),
        "mean_trial": busy / len(trials),
    }


def run_bare(frame: Any, options: argparse.Namespace) -> float:
    """Return the seconds of the bare estimator with the same trials."""
    from espalier import AutoMLClassifier

    model = AutoMLClassifier(
        n_trials=options.trials, time_budget=None, families=FAMILIES.split(","),
        n_jobs=options.workers, random_state=0,
    )  # fmt: skip
    started = time.monotonic()
    model.fit(frame.drop(columns="target"), frame["target"])
    return time.monotonic() - started


def main() -> None:
    """Run, print, end with the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.home = options.home.resolve()
    options.home.mkdir(parents=True, exist_ok=True)

    import numpy as np
    import pandas as pd
    from sklearn.datasets import make_classification

    X, y = make_classification(6_000, 30, n_informative=12, random_state=0)
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    frame["target"] = np.where(y == 1, "yes", "no")
    table = options.home / "table.csv"
    frame.to_csv(table, index=False)

    runs = [run_flow(table, options) for _ in range(2)]
    bare = run_bare(frame, options)
    figures: dict[str, Any] = {"bare_seconds": round(bare, 1)}
    for name, run in zip(("first", "again"), runs, strict=True):
        phases = run["phases"]
        shared = phases["search"] + phases["ensemble"]
        figures[f"fixed_overhead_{name}"] = round(run["wall"] - shared, 1)
        figures[f"startup_{name}"] = round(phases["startup"], 1)
        figures[f"ending_{name}"] = round(run["wall"] - phases["startup"] - phases["total"], 1)
        print(f"{name} run: wall {run['wall']:.1f} s; " + ", ".join(
            f"{key} {value:.1f}" for key, value in phases.items()))  # fmt: skip
    figures["idle_seconds_per_trial"] = round(runs[1]["idle_per_trial"], 3)
    figures["mean_trial_seconds"] = round(runs[1]["mean_trial"], 2)
    figures["idle_share_of_2_second_trial"] = round(runs[1]["idle_per_trial"] / 2, 3)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
