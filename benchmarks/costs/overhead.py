"""What the whole flow adds to the bare search, by phase and by trial, on a made table.

    python benchmarks/costs/overhead.py --home FOLDER [--trials 24] [--workers 2]

Runs `espalier train` twice in a home folder (the first run also makes the stores' databases), then
the bare core on the same rows with the same trials, families, seed and workers. Fixed overhead is
the command's wall time less the seconds of its search and of choosing and fitting the ensemble,
which the bare core does as well. Overhead per trial is how much longer the flow takes from its
first recorded trial to its last than the bare core does, by trial. The last line is JSON.
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
        "train",
        str(table),
        "--target",
        "target",
        "--name",
        "overhead",
        "--families",
        FAMILIES,
        "--trials",
        str(options.trials),
        "--workers",
        str(options.workers),
        "--json",
        str(record),
    ]
    started = time.monotonic()
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "ESPALIER_HOME": str(options.home)},
    )
    wall = time.monotonic() - started
    outcome: dict[str, Any] = json.loads(record.read_text())
    kept = max((options.home / "runs").rglob("oof"), key=lambda folder: folder.stat().st_mtime)
    written = [each.stat().st_mtime for each in kept.glob("*.npy")]
    return {"wall": wall, "phases": outcome["seconds"], "span": max(written) - min(written)}


def run_bare(frame: Any, options: argparse.Namespace) -> dict[str, float]:
    """Return the seconds of the bare core with the same rows and trials, and of its search."""
    from espalier.pipelines.automl.in_process import train_in_process
    from espalier.pipelines.automl.settings import TrainingSettings
    from espalier.pipelines.automl.training_data import prepare_training
    from espalier.pipelines.data.assemble import assemble
    from espalier.pipelines.data.splitting.splits import default_holdout_fraction, split_holdout
    from espalier.pipelines.metrics.catalogue import get_metric
    from espalier.pipelines.resources.budget import Deadline

    assembled = assemble(frame, target="target", task="binary")
    dataset = assembled.dataset
    rows, _ = split_holdout(dataset, fraction=default_holdout_fraction(len(dataset)), seed=0)
    settings = TrainingSettings(
        time_budget=None,
        n_trials=options.trials,
        families=FAMILIES.split(","),
        n_jobs=options.workers,
        experience=None,
    )
    data = prepare_training(
        dataset.take(rows),
        assembled.preparation,
        get_metric(None, dataset.problem, dataset.n_classes),
        settings,
        n_holdout=0,
        example_rows=None,
    )
    ended: list[float] = []
    started = time.monotonic()
    train_in_process(
        data,
        settings,
        deadline=Deadline.after(None),
        on_result=lambda outcome: ended.append(time.monotonic()),
    )
    return {"seconds": time.monotonic() - started, "span": ended[-1] - ended[0]}


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
    figures: dict[str, Any] = {"bare_seconds": round(bare["seconds"], 1)}
    for name, run in zip(("first", "again"), runs, strict=True):
        phases = run["phases"]
        shared = phases["search"] + phases["ensemble"]
        figures[f"fixed_overhead_{name}"] = round(run["wall"] - shared, 1)
        figures[f"startup_{name}"] = round(phases["startup"], 1)
        figures[f"ending_{name}"] = round(run["wall"] - phases["startup"] - phases["total"], 1)
        print(
            f"{name} run: wall {run['wall']:.1f} s; "
            + ", ".join(f"{key} {value:.1f}" for key, value in phases.items())
        )
    between = options.trials - 1
    figures["seconds_per_trial_bare"] = round(bare["span"] / between, 3)
    for name, run in zip(("first", "again"), runs, strict=True):
        extra = (run["span"] - bare["span"]) / between
        figures[f"extra_seconds_per_trial_{name}"] = round(extra, 3)
        figures[f"share_of_2_second_trial_{name}"] = round(extra / 2, 4)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
