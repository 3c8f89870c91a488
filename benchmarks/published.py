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
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from left_out_tables import learned, others_than

from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.experience.shipped import SHIPPED_FOLDER

RANKED = {
    "amlb": (
        "AutoGluon 1.0 best 5m",
        "AutoGluon 1.0 best 1h",
        "AutoGluon 1.0 best 4h",
        "H2O 3.34 1h",
        "FLAML 0.6.2 1h",
        "LightAutoML 0.2.16 1h",
        "mljar 0.11.0 compete 1h",
        "auto-sklearn 0.14 1h",
        "TPOT 0.11.7 1h",
    ),
    "tabarena": (
        "AutoGluon 1.5 extreme 4h",
        "AutoGluon 1.4 best 4h",
        "TabPrep-LightGBM tuned + ensemble",
        "LightGBM tuned + ensemble",
        "CatBoost tuned + ensemble",
        "XGBoost tuned + ensemble",
        "extra trees tuned + ensemble",
        "EBM tuned + ensemble",
        "Torch MLP tuned + ensemble",
        "linear tuned + ensemble",
        "RealMLP tuned + ensemble",
        "TabM tuned + ensemble",
        "TabICLv2 default",
    ),
}
"""Systems of each benchmark that are shown, by the beginning of their names."""
OURS = "Espalier"


@dataclass(frozen=True, slots=True)
class Task:
    """A table, its target, and how it is scored.

    Attributes
    ----------
    name, target : str
        Folder and target column.
    benchmark : str
        ``amlb`` or ``tabarena``.
    metric : str
        ``auc``, ``log_loss`` or ``rmse``.
    n_rows : int
        Rows of the table.
    twins : tuple of str
        Names of tables with the same rows, whose records teach nothing about this task.
    """

    name: str
    benchmark: str
    target: str
    metric: str
    n_rows: int
    twins: tuple[str, ...]


def read_tasks(folder: Path) -> list[Task]:
    """Return the tasks of the folder's index."""
    index = pd.read_csv(folder / "index.csv")
    return [
        Task(
            name=str(row.name_),
            benchmark=str(row.benchmark),
            target=str(row.target),
            metric=str(row.metric),
            n_rows=int(row.rows),
            twins=tuple(
                each.rsplit("/", 1)[-1]
                for each in str(row.shares_data_with).split()
                if each != "nan"
            ),
        )
        for row in index.rename(columns={"name": "name_"}).itertuples()
    ]


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
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if not place.exists():
                last = (done.stderr.strip().splitlines() or ["no word"])[-1]
                place.write_text(json.dumps({"task": task.name, "failed": last}))
            found = json.loads(place.read_text())
            shown = found.get("failed") or f"{found['error']:.5g} in {found['fit_seconds']:.0f} s"
            print(f"{task.name:44} {repeat} {fold} {shown}", flush=True)


def run_one(options: argparse.Namespace) -> None:
    """Fit to the training rows of one split, score its test rows, keep the result."""
    from espalier.pipelines.automl.estimators import AutoMLClassifier, AutoMLRegressor

    name, repeat, fold = options.one[0], int(options.one[1]), int(options.one[2])
    task = next(each for each in read_tasks(options.folder) if each.name == name)
    data = pd.read_parquet(options.folder / name / "data.parquet")
    splits = pd.read_parquet(options.folder / name / "splits.parquet")
    test = splits.loc[(splits["repeat"] == repeat) & (splits["fold"] == fold), "row"].to_numpy()
    train = data.index.difference(test)
    X, y = data.drop(columns=task.target), data[task.target]
    made = AutoMLRegressor if task.metric == "rmse" else AutoMLClassifier
    metric = {"auc": "roc_auc"}.get(task.metric, task.metric)
    model = made(
        time_budget=options.budget,
        metric=metric,
        n_jobs=options.jobs,
        random_state=fold,
        experience=left_out(options, task),
    )
    begun = time.monotonic()
    model.fit(X.loc[train], y.loc[train])
    fitted = time.monotonic()
    if task.metric == "rmse":
        error = rmse(y.loc[test].to_numpy(float), model.predict(X.loc[test]))
    else:
        error = class_error(task, y.loc[test], model.predict_proba(X.loc[test]), model.classes_)
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


def left_out(options: argparse.Namespace, task: Task) -> str | None:
    """Return the folder of what other tables teach; None, the shipped, if none is a twin."""
    records = ExperienceStore(options.store).read()
    known = align_knowledge(records)
    twins = [each.dataset.name for each in known.datasets if each.dataset.name in task.twins]
    if not twins and options.store == SHIPPED_FOLDER / "records.parquet":
        return None
    place = Path(options.out) / "experience" / task.name
    if not place.exists():
        for twin in twins:
            known = others_than(known, twin)
        learned(records, known).save(place)
    return str(place)


def rmse(y: "np.ndarray[Any, Any]", answers: "np.ndarray[Any, Any]") -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(np.mean((y - answers) ** 2)))


def class_error(
    task: Task, y: "pd.Series[Any]", probabilities: "np.ndarray[Any, Any]", classes: Any
) -> float:
    """Return 1 - AUC or the log loss; a class that the model does not know has probability 0."""
    from sklearn.metrics import roc_auc_score

    names = [str(each) for each in classes]
    if task.metric == "auc":
        return 1.0 - float(roc_auc_score(y.astype(str) == names[1], probabilities[:, 1]))
    place = {name: position for position, name in enumerate(names)}
    given = np.array(
        [
            row[place[label]] if label in place else 0.0
            for row, label in zip(probabilities, y.astype(str), strict=True)
        ]
    )
    return float(-np.log(np.clip(given, 1e-15, 1.0)).mean())


def report(options: argparse.Namespace) -> dict[str, Any]:
    """Print ours beside theirs, and return the figures."""
    tasks = {each.name: each for each in chosen(options)}
    ours = pd.DataFrame([run for run in kept_runs(options) if run["task"] in tasks])
    if ours.empty or "error" not in ours:
        print("no run yet")
        return {"tasks": 0}
    failed = sorted(ours.loc[ours["error"].isna(), "task"]) if "failed" in ours else []
    ours = ours.dropna(subset="error")
    figures: dict[str, Any] = {"budget": options.budget, "failed": failed}
    for benchmark in RANKED:
        own = ours[[tasks[name].benchmark == benchmark for name in ours["task"]]]
        if len(own):
            figures[benchmark] = compare(options, benchmark, own)
    figures["fit_seconds"] = round(float(ours["fit_seconds"].median()), 1)
    return figures


def compare(options: argparse.Namespace, benchmark: str, own: pd.DataFrame) -> dict[str, Any]:
    """Print a table of one benchmark, and return win shares, gaps and mean ranks."""
    rows: dict[str, dict[str, float]] = {}
    wins: dict[str, list[float]] = {}
    gaps: dict[str, list[float]] = {}
    for name, runs in own.groupby("task"):
        published = read_published(options.folder / str(name))
        mine = runs.set_index(["repeat", "fold"])["error"]
        row = {OURS: float(mine.mean())}
        for system, theirs in published.groupby("full_name"):
            error = theirs.set_index(["repeat", "fold"])["error"].reindex(mine.index)
            if error.isna().any():
                continue
            row[str(system)] = float(error.mean())
            wins.setdefault(str(system), []).append(won(mine.to_numpy(), error.to_numpy()))
            gaps.setdefault(str(system), []).append(float(mine.mean() / error.mean() - 1))
        rows[str(name)] = row
    table = pd.DataFrame(rows).T
    shown = [each for each in (OURS, *RANKED[benchmark]) if each in table]
    with pd.option_context("display.width", 250, "display.max_columns", 30):
        print(f"\n{benchmark}, {len(table)} tasks, errors:\n{table[shown].T.to_string()}")
    complete = table[shown].dropna(axis=1)
    ranks = complete.rank(axis=1).mean().round(2).sort_values()
    against = {
        each: {
            "tasks": len(wins[each]),
            "won": round(float(np.mean(wins[each])), 3),
            "interval": interval(wins[each]),
            "median_gap_percent": round(100 * float(np.median(gaps[each])), 2),
        }
        for each in shown[1:]
    }
    print(f"mean rank: {', '.join(f'{name} {rank}' for name, rank in ranks.items())}")
    for name, figure in against.items():
        low, high = figure["interval"]
        print(
            f"  against {name:36} won {figure['won']:.0%} [{low:.0%}, {high:.0%}] of "
            f"{figure['tasks']}, median {figure['median_gap_percent']:+.1f} %"
        )
    return {"tasks": len(table), "mean_rank": ranks.to_dict(), "against": against}


def read_published(folder: Path) -> pd.DataFrame:
    """Return the errors that others published; runs that failed or were imputed are left out."""
    found = pd.read_csv(folder / "published.csv")
    note = found["note"].astype("object").fillna("").astype(str)
    found = found[~note.str.contains(re.compile("imputed|failed")) & found["error"].notna()].copy()
    found["full_name"] = (found["system"] + " " + found["budget"].fillna("")).str.strip()
    return found


def won(mine: "np.ndarray[Any, Any]", theirs: "np.ndarray[Any, Any]") -> float:
    """Return 1 for a task won, 0 for one lost, 0.5 for a tie."""
    gap = mine - theirs
    if len(gap) > 1:
        error = float(gap.std(ddof=1) / np.sqrt(len(gap)))
        if abs(float(gap.mean())) <= 2 * error:
            return 0.5
    mean = float(gap.mean())
    return 0.5 if mean == 0 else float(mean < 0)


def interval(wins: list[float]) -> tuple[float, float]:
    """Return a 95 % interval of a share (Wilson 1927); a tie is half a win."""
    n, share, z = len(wins), float(np.mean(wins)), 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return round(middle - half, 3), round(middle + half, 3)


def kept_runs(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield the runs of this budget."""
    for path in sorted(Path(options.out).glob(f"*-{options.budget:g}.json")):
        yield json.loads(path.read_text())


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
    print(json.dumps(report(options)))


if __name__ == "__main__":
    main()
