"""Which promises are kept: time, overhead, speed-up, memory.

    python benchmarks/costs/promises.py DATA_FOLDER --out FOLDER [--budgets 20,60,180]
        [--tables a,b] [--workers 2] [--parts budget,speedup,memory] [--trials 32] [--rows 1000000]
        [--columns 30] [--rows-seconds 600] [--rows-gb 12]

Every run is `espalier train` as a person starts it. Parts:

budget    every table with every budget. A budget of B seconds is kept when the run, from `fit` to
          the registered version, takes at most 1.05 B + 5 s; starting Python, the Prefect server
          and the workers is not part of it and reported as `startup`. Overhead by phase and peak
          memory are of the same runs.
speedup   the same trials with one worker and with as many as ``--workers``.
memory    a made table of ``--rows`` x ``--columns`` with ``--rows-seconds``: peak memory and end.
          Trials get what they would get by default on a machine of ``--rows-gb``.

A run whose record is in ``--out`` is not run again. The last line is one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from large_table import N_COLUMNS, write_large_table
from process_tree import MemoryWatch

from espalier.pipelines.resources.memory import WORKERS_SHARE

TASKS = ("binary", "multiclass", "regression")
PARTS = ("budget", "speedup", "memory")
PHASES = ("startup", "load", "validate", "prepare", "profile", "evaluate", "register", "ending")
SPEEDUP_FAMILIES = "lightgbm,extra_trees,random_forest,xgboost"
PATIENCE = 1800


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--budgets", default="20,60,180")
    parser.add_argument("--tables", default="", help="Only these; all of the index when empty.")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--trials", type=int, default=32, help="Of the speed-up's runs.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="Of the memory's table.")
    parser.add_argument("--columns", type=int, default=N_COLUMNS, help="Of that table, from 20.")
    parser.add_argument("--rows-seconds", type=int, default=600, help="Time for that table.")
    parser.add_argument("--rows-gb", type=float, default=12.0, help="Memory for that table.")
    options = parser.parse_args()
    options.out = options.out.resolve()
    options.budgets = [int(each) for each in options.budgets.split(",")]
    options.parts = options.parts.split(",")
    return options


def run(name: str, table: Path, options: argparse.Namespace, *words: str) -> dict[str, Any]:
    """Run the command once, in its own home folder; return its figures, from the record if any."""
    place = options.out / f"{name}.json"
    if place.exists():
        return dict(json.loads(place.read_text()))
    home = options.out / "homes" / name
    home.mkdir(parents=True, exist_ok=True)
    outcome = home / "outcome.json"
    command = [
        str(Path(sys.executable).parent / "espalier"),
        "train",
        str(table.resolve()),
        "--name",
        "promise",
        "--json",
        str(outcome),
        *words,
    ]
    started = time.monotonic()
    with (home / "terminal.log").open("w") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"ESPALIER_HOME": str(home)},
        )
        with MemoryWatch(process.pid) as watch:
            try:
                status = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.terminate()
                status = process.wait()
    record: dict[str, Any] = {"name": name, "status": status, "wall": time.monotonic() - started}
    record |= asdict(watch.peak)
    if status == 0:
        said = json.loads(outcome.read_text())
        phases = said["seconds"]
        phases["ending"] = record["wall"] - phases["startup"] - phases["total"]
        record |= {
            "total": phases.pop("total"),
            "phases": phases,
            "trials": said["n_trials"],
            "failed": said["n_failed"],
            "score": said["holdout_score"],
            "leaderboard": {row["trial"]: row["score"] for row in said["leaderboard"]},
        }
    else:
        lines = (home / "terminal.log").read_text().strip().splitlines()
        record["error"] = lines[-1][:300] if lines else ""
    place.write_text(json.dumps(record))
    return dict(json.loads(place.read_text()))  # as it will be read next time


def budget_runs(options: argparse.Namespace) -> pd.DataFrame:
    """Run every table with every budget and return a row a run."""
    index = pd.read_csv(options.folder / "index.csv")
    index = index[index["task"].isin(TASKS)]
    if options.tables:
        index = index[index["name"].isin(options.tables.split(","))]
    rows = []
    for budget in options.budgets:
        for table in index.itertuples(index=False):
            record = run(
                f"{table.name}-{budget}s",
                options.folder / f"{table.name}.parquet",
                options,
                "--target",
                table.target,
                "--task",
                table.task,
                "--seed",
                "0",
                "--time-budget",
                f"{budget}s",
                "--workers",
                str(options.workers),
            )
            allowed = 1.05 * budget + 5
            row = {
                "table": table.name,
                "budget": budget,
                "status": record["status"],
                "total": record.get("total"),
                "over": None,
                "wall": record["wall"],
                "trials": record.get("trials"),
                "failed": record.get("failed"),
                "pss_mb": record["pss_mb"],
                "rss_mb": record["rss_mb"],
            }
            if record["status"] == 0:
                row["over"] = record["total"] - allowed
                row |= {phase: record["phases"].get(phase, 0.0) for phase in PHASES}
            rows.append(row)
            print(_line(row), record.get("error", ""), flush=True)
    return pd.DataFrame(rows)


def _line(row: dict[str, Any]) -> str:
    if row["over"] is None:
        return f"{row['table']:24} {row['budget']:4} s  FAILED with status {row['status']}"
    kept = "kept" if row["over"] <= 0 else f"OVER by {row['over']:.1f} s"
    return (
        f"{row['table']:24} {row['budget']:4} s  took {row['total']:6.1f} s  {kept:14}  "
        f"{row['trials']} trials, {row['pss_mb']:,.0f} MiB"
    )


def budget_figures(frame: pd.DataFrame) -> dict[str, Any]:
    """Print and return how budgets were kept, and the overhead by phase."""
    done = frame[frame["status"] == 0]
    figures: dict[str, Any] = {"runs": len(frame), "finished": len(done)}
    kept = []
    for budget, group in done.groupby("budget"):
        ratio = group["total"] / budget
        worst = group.loc[group["over"].idxmax()]
        kept.append(
            {
                "budget": budget,
                "runs": len(group),
                "kept": int((group["over"] <= 0).sum()),
                "median_ratio": ratio.median(),
                "worst_ratio": ratio.max(),
                "worst_over": worst["over"],
                "worst_table": worst["table"],
            }
        )
    figures["budgets"] = kept
    if kept:
        _print("Budget kept (1.05 B + 5 s)", pd.DataFrame(kept))
        phases = done[list(PHASES)]
        overhead = pd.DataFrame({"median": phases.median(), "worst": phases.max()})
        _print("Overhead by phase, seconds", overhead.reset_index(names="phase"))
        figures["kept"] = int((done["over"] <= 0).sum())
        figures["worst_ratio"] = float((done["total"] / done["budget"]).max())
        figures["median_ratio"] = float((done["total"] / done["budget"]).median())
        figures["overhead_median"] = phases.median().to_dict()
        figures["overhead_worst"] = phases.max().to_dict()
        figures["peak_pss_mb"] = float(done["pss_mb"].max())
    return figures


def speedup_figures(options: argparse.Namespace) -> dict[str, Any]:
    """Run the same trials with one worker and with several; print and return the ratio."""
    table = options.out / "speedup.parquet"
    if not table.exists():
        write_large_table(table, 20_000)
    counts = (1, options.workers)
    runs = [
        run(
            f"speedup-{n}",
            table,
            options,
            "--target",
            "bought",
            "--trials",
            str(options.trials),
            "--families",
            SPEEDUP_FAMILIES,
            "--workers",
            str(n),
        )
        for n in counts
    ]
    if any(each["status"] for each in runs):
        return {"speedup": None}
    alone, together = runs
    frame = pd.DataFrame(
        [
            {
                "workers": n,
                "search": each["phases"]["search"],
                "total": each["total"],
                "trials": each["trials"],
            }
            for n, each in zip(counts, runs, strict=True)
        ]
    )
    _print("The same trials with more workers, seconds", frame)
    return {
        "speedup": alone["phases"]["search"] / together["phases"]["search"],
        "speedup_total": alone["total"] / together["total"],
        "speedup_workers": options.workers,
        "same_leaderboard": alone["leaderboard"] == together["leaderboard"],
    }


def memory_figures(options: argparse.Namespace) -> dict[str, Any]:
    """Train on the large table; print and return its peak memory and end."""
    shape = f"{options.rows}x{options.columns}"
    table = options.out / f"large-{shape}.parquet"
    if not table.exists():
        write_large_table(table, options.rows, options.columns)
    seconds = options.rows_seconds
    limit = f"{WORKERS_SHARE * options.rows_gb / options.workers:.2f}GB"
    record = run(
        f"large-{shape}-{seconds}s",
        table,
        options,
        "--target",
        "bought",
        "--time-budget",
        f"{seconds}s",
        "--workers",
        str(options.workers),
        "--memory-limit",
        limit,
    )
    named = ("status", "total", "wall", "trials", "failed", "score", "pss_mb", "rss_mb", "error")
    shown = {name: record[name] for name in named if name in record}
    _print(
        f"{options.rows:,} rows x {options.columns} columns in {seconds} s", pd.DataFrame([shown])
    )
    return {f"large_{name}": value for name, value in shown.items()}


def _print(title: str, frame: pd.DataFrame) -> None:
    print(f"\n{title}\n{frame.to_string(index=False, float_format=lambda value: f'{value:.2f}')}")


def main() -> None:
    """Run the parts, print their tables, end with the figures."""
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    figures: dict[str, Any] = {}
    if "budget" in options.parts:
        figures |= budget_figures(budget_runs(options))
    if "speedup" in options.parts:
        figures |= speedup_figures(options)
    if "memory" in options.parts:
        figures |= memory_figures(options)
    print(json.dumps(figures, default=float))


if __name__ == "__main__":
    main()
