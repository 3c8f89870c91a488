"""The search over all families beside searches over one, and how much luck is in it.

    python benchmarks/families.py PUBLISHED_FOLDER --out FOLDER [--budget 60] [--tasks a,b]
        [--searches all,cold,mlp] [--seeds 1] [--jobs 2] [--only report]

On the first official split of each task (see ``published.py``) the search over all families with
what it learned from other tables (``all``), the same without experience (``cold``), and a search
over each family that is named have the same seconds. ``made_26_classes`` is a table of many
classes on numbers that naive Bayes and boosters do badly on; it is made here.

A run is made once, in a process of its own, and kept as a JSON in ``--out``: the program goes on
where it stopped. Printed are the test errors, how far ``all`` is behind the best search over one
family and beside ``cold`` (in percent, less is better), and the spread of ``all`` over seeds. The
last line is one JSON object.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
from parts.published.knowledge import left_out
from parts.published.runs import kept_runs, run_apart
from parts.published.tasks import Split, Task, error_of, new_model, read_split, read_tasks

from espalier.pipelines.experience.shipped import SHIPPED_FOLDER

ALONE = ("mlp", "realmlp", "lightgbm", "catboost", "xgboost", "extra_trees", "svm", "linear")
"""Families that a search of their own is compared with."""
MADE = "made_26_classes"


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--tasks", help=f"names, with commas; default: all, and {MADE}")
    parser.add_argument("--searches", default=",".join(("all", "cold", *ALONE)))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", choices=("all", "report"), default="all")
    parser.add_argument(
        "--one", nargs=3, metavar=("TASK", "SEARCH", "SEED"), help=argparse.SUPPRESS
    )
    return parser.parse_args()


def known_tasks(folder: Path) -> dict[str, Task]:
    """Return the tasks by their names, the made one last."""
    made = Task(MADE, "made", "class", "log_loss", 18_000, ())
    return {each.name: each for each in [*read_tasks(folder), made]}


def rows_of(folder: Path, task: Task) -> Split:
    """Return the rows of a task's first split."""
    if task.name != MADE:
        return read_split(folder, task, 0, 0)
    from sklearn.datasets import make_classification

    values, classes = make_classification(
        n_samples=20_000,
        n_features=16,
        n_informative=14,
        n_redundant=2,
        n_classes=26,
        n_clusters_per_class=3,
        class_sep=1.6,
        flip_y=0,
        random_state=0,
    )
    X = pd.DataFrame(values.round(3), columns=[f"x{at}" for at in range(16)])
    y = pd.Series(classes, name="class").map(lambda code: f"c{code:02}")
    n = 18_000
    return Split(X[:n], y[:n], X[n:].reset_index(drop=True), y[n:].reset_index(drop=True))


def run_all(options: argparse.Namespace) -> None:
    """Make the runs that are missing, one at a time, each in its own process."""
    options.out.mkdir(parents=True, exist_ok=True)
    names = options.tasks.split(",") if options.tasks else list(known_tasks(options.folder))
    for name in names:
        for search in options.searches.split(","):
            for seed in range(options.seeds):
                place = place_of(options, name, search, seed)
                if place.exists():
                    continue
                command = [sys.executable, *sys.argv, "--one", name, search, str(seed)]
                shown = run_apart(command, place)
                if shown is None:
                    found = json.loads(place.read_text())
                    took = f"{found['seconds']:.0f} s, {found['trials']} trials"
                    shown = f"{found['error']:.5g} in {took}"
                print(f"{name:44} {search:12} {seed} {shown}", flush=True)


def run_one(options: argparse.Namespace) -> None:
    """Make one search, score its test rows, keep the result."""
    name, search, seed = options.one[0], options.one[1], int(options.one[2])
    task = known_tasks(options.folder)[name]
    split = rows_of(options.folder, task)
    alone = () if search in ("all", "cold") else (search,)
    shipped = SHIPPED_FOLDER / "records.parquet"
    model = new_model(
        task,
        time_budget=options.budget,
        n_jobs=options.jobs,
        random_state=seed,
        families=alone or None,
        experience=None if search == "cold" else left_out(task, shipped, options.out),
    )
    begun = time.monotonic()
    model.fit(split.X, split.y)
    seconds = time.monotonic() - begun
    board = model.leaderboard_
    members = board[board["weight"] > 0]
    kept = {
        "task": name,
        "search": search,
        "seed": seed,
        "budget": options.budget,
        "error": error_of(task, model, split),
        "seconds": round(seconds, 1),
        "trials": len(board),
        "cv_score": model.cv_score_,
        "weights": members.groupby("family")["weight"].sum().round(3).to_dict(),
    }
    place_of(options, name, search, seed).write_text(json.dumps(kept))


def place_of(options: argparse.Namespace, name: str, search: str, seed: int) -> Path:
    """Return the file of one run."""
    return Path(options.out) / f"{name}-{search}-{seed}-{options.budget:g}.json"


def report(runs: pd.DataFrame) -> dict[str, Any]:
    """Print the errors; return how far the search over all is behind, table by table.

    Parameters
    ----------
    runs : DataFrame
        Columns ``task``, ``search``, ``seed`` and ``error``, a row for each run. Where a search has
        several seeds, their mean is compared.
    """
    errors = runs.pivot_table(index="task", columns="search", values="error", aggfunc="mean")
    print(errors.to_string(float_format=lambda value: f"{value:.5g}"))
    alone = errors.drop(columns=["all", "cold"], errors="ignore")
    found: dict[str, Any] = {"tasks": len(errors)}
    if "all" in errors and alone.shape[1]:
        behind = (100 * (errors["all"] / alone.min(axis=1) - 1)).dropna()
        beside = pd.DataFrame({"best alone": alone.idxmin(axis=1), "all behind it, %": behind})
        print(beside.to_string(float_format=lambda value: f"{value:+.1f}"))
        found |= {"behind, mean": behind.mean(), "behind, worst": behind.max()}
    if {"all", "cold"} <= set(errors):
        worth = (100 * (errors["all"] / errors["cold"] - 1)).dropna()
        print(f"experience against none, %: {worth.round(1).to_dict()}")
        found["against none, mean"] = worth.mean()
    spread = runs[runs["search"] == "all"].groupby("task")["error"].agg(["mean", "std", "count"])
    spread = spread[spread["count"] > 1]
    if len(spread):
        spread["std, %"] = 100 * spread["std"] / spread["mean"]
        print(spread.to_string(float_format=lambda value: f"{value:.5g}"))
        found["spread over seeds, %"] = spread["std, %"].round(2).to_dict()
    return {
        name: round(value, 2) if isinstance(value, float) else value
        for name, value in found.items()
    }


def main() -> None:
    """Run and report."""
    options = arguments()
    if options.one:
        run_one(options)
        return
    if options.only == "all":
        run_all(options)
    runs = pd.DataFrame(kept_runs(options.out, options.budget))
    print(json.dumps({"budget": options.budget, **report(runs)}))


if __name__ == "__main__":
    main()
