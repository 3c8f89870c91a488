"""Espalier beside what others published, on the very rows that they were measured on.

    python benchmarks/published.py PUBLISHED_FOLDER --out FOLDER [--budget 300] [--splits 1]
        [--tasks a,b | --benchmark amlb] [--jobs 2] [--store FILE] [--only report]

``PUBLISHED_FOLDER`` holds an ``index.csv`` and, for each task, ``data.parquet``, ``splits.parquet``
(the official test rows) and ``published.csv`` (the errors of other systems on them).

A run is made once, in a process of its own, and kept as a JSON in ``--out``: the program goes on
where it stopped, and ``--only report`` reads what is there. What Espalier learned from a task's own
table (``shares_data_with``) is left out before it is run; ``--store`` is where its records are.

Errors are 1 - AUC, log loss and RMSE. A system is compared on the splits that both have: by the
share of tasks won (a tie counts half; it is a tie where the mean of the paired differences is
within two standard errors, or equal), the median relative difference, and the mean rank among the
systems that have every split. The last line is one JSON object.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import pandas as pd
from parts.published.knowledge import left_out
from parts.published.report import RANKED, report
from parts.published.runs import kept_runs, run_apart
from parts.published.tasks import Task, error_of, new_model, read_split, read_tasks

from espalier.pipelines.experience.shipped import SHIPPED_FOLDER


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--budget", type=float, default=300.0)
    parser.add_argument("--splits", type=int, default=1, help="how many splits of each task")
    parser.add_argument("--tasks", help="names, with commas between; default: all")
    parser.add_argument("--benchmark", choices=sorted(RANKED))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--store", type=Path, default=SHIPPED_FOLDER / "records.parquet")
    parser.add_argument("--only", choices=("all", "report"), default="all")
    parser.add_argument(
        "--one", nargs=3, metavar=("TASK", "REPEAT", "FOLD"), help=argparse.SUPPRESS
    )
    return parser.parse_args()


def chosen(options: argparse.Namespace) -> list[Task]:
    """Return the tasks that are asked for, small ones first."""
    tasks = read_tasks(options.folder)
    if options.tasks:
        wanted = options.tasks.split(",")
        unknown = sorted(set(wanted) - {each.name for each in tasks})
        if unknown:
            raise SystemExit(f"no such task: {', '.join(unknown)}")
        tasks = [each for each in tasks if each.name in wanted]
    if options.benchmark:
        tasks = [each for each in tasks if each.benchmark == options.benchmark]
    return sorted(tasks, key=lambda each: each.n_rows)


def splits_of(folder: Path, task: Task, n: int) -> list[tuple[int, int]]:
    """Return the first ``n`` pairs of repeat and fold."""
    splits = pd.read_parquet(folder / task.name / "splits.parquet")
    pairs = splits[["repeat", "fold"]].drop_duplicates().sort_values(["repeat", "fold"])
    return [(int(a), int(b)) for a, b in pairs.to_numpy()[:n]]


def run_all(options: argparse.Namespace) -> None:
    """Make the runs that are missing, one at a time, each in its own process."""
    options.out.mkdir(parents=True, exist_ok=True)
    for task in chosen(options):
        for repeat, fold in splits_of(options.folder, task, options.splits):
            place = place_of(options, task.name, repeat, fold)
            if place.exists():
                continue
            command = [
                sys.executable,
                __file__,
                str(options.folder),
                "--out",
                str(options.out),
                "--budget",
                str(options.budget),
                "--jobs",
                str(options.jobs),
                "--store",
                str(options.store),
                "--one",
                task.name,
                str(repeat),
                str(fold),
            ]
            last = run_apart(command, place)
            if last is not None:
                place.write_text(json.dumps({"task": task.name, "failed": last}))
            found = json.loads(place.read_text())
            shown = found.get("failed") or f"{found['error']:.5g} in {found['fit_seconds']:.0f} s"
            print(f"{task.name:44} {repeat} {fold} {shown}", flush=True)


def run_one(options: argparse.Namespace) -> None:
    """Fit to the training rows of one split, score its test rows, keep the result."""
    name, repeat, fold = options.one[0], int(options.one[1]), int(options.one[2])
    task = next(each for each in read_tasks(options.folder) if each.name == name)
    split = read_split(options.folder, task, repeat, fold)
    model = new_model(
        task,
        time_budget=options.budget,
        n_jobs=options.jobs,
        random_state=fold,
        experience=left_out(task, options.store, options.out),
    )
    begun = time.monotonic()
    model.fit(split.X, split.y)
    fitted = time.monotonic()
    error = error_of(task, model, split)
    board = model.leaderboard_
    members = board[board["weight"] > 0]
    kept = {
        "task": name,
        "repeat": repeat,
        "fold": fold,
        "budget": options.budget,
        "metric": task.metric,
        "error": error,
        "fit_seconds": round(fitted - begun, 2),
        "predict_seconds": round(time.monotonic() - fitted, 3),
        "trials": len(board),
        "cv_score": model.cv_score_,
        "members": {
            f"{row['trial']} {row['family']}": round(float(row["weight"]), 3)
            for _, row in members.iterrows()
        },
    }
    place_of(options, name, repeat, fold).write_text(json.dumps(kept))


def place_of(options: argparse.Namespace, name: str, repeat: int, fold: int) -> Path:
    """Return the file of one run."""
    return Path(options.out) / f"{name}-{repeat}-{fold}-{options.budget:g}.json"


def main() -> None:
    """Run and report."""
    options = arguments()
    if options.one:
        run_one(options)
        return
    if options.only == "all":
        run_all(options)
    tasks = {each.name: each for each in chosen(options)}
    runs = list(kept_runs(options.out, options.budget))
    print(json.dumps(report(options.folder, tasks, runs, options.budget)))


if __name__ == "__main__":
    main()
