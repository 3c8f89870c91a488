"""Run `espalier train` on every table of a folder and compare it with plain default models.

    python benchmarks/tables.py DATA_FOLDER --out FOLDER [--seconds 60] [--workers 2] [--tables a,b]
        [--only train|references]

Both halves resume: a table whose record exists in ``--out`` is not run again. The references are
fitted on the same search rows and scored on the same hold-out rows by the same metric; CatBoost is
stopped after 300 s. The last line is one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import pandas as pd
from parts.reference_models import REFERENCES, scores_of

TASKS = ("binary", "multiclass", "regression")


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tables", default="")
    parser.add_argument("--only", choices=("train", "references", "both", "report"), default="both")
    return parser.parse_args()


def train(row: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Run the command line on one table and return what it wrote, with wall seconds and status."""
    out = options.out / "train" / f"{row.name}.json"
    if out.exists():
        return json.loads(out.read_text())
    out.parent.mkdir(parents=True, exist_ok=True)
    record = options.out / "train" / f"{row.name}.record"
    command = [
        str(Path(sys.executable).parent / "espalier"),
        "train",
        str((options.folder / f"{row.name}.parquet").resolve()),
        "--target",
        row.target,
        "--task",
        row.task,
        "--name",
        row.name,
        "--time-budget",
        f"{options.seconds}s",
        "--workers",
        str(options.workers),
        "--seed",
        "0",
        "--json",
        str(record.resolve()),
    ]
    environment = {**os.environ, "ESPALIER_HOME": str((options.out / "home").resolve())}
    started = time.monotonic()
    with (out.with_suffix(".log")).open("w") as log:
        status = subprocess.run(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
            timeout=20 * options.seconds,
        ).returncode
    result: dict[str, Any] = json.loads(record.read_text()) if record.exists() else {}
    result |= {"status": status, "wall_seconds": round(time.monotonic() - started, 2)}
    out.write_text(json.dumps(result))
    return result


def references(row: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Score the reference models on the table's own hold-out."""
    out = options.out / "references" / f"{row.name}.json"
    if out.exists():
        return json.loads(out.read_text())
    out.parent.mkdir(parents=True, exist_ok=True)

    from espalier.pipelines.data.assemble import assemble
    from espalier.pipelines.data.splitting.splits import default_holdout_fraction, split_holdout
    from espalier.pipelines.metrics.catalogue import get_metric
    from espalier.pipelines.metrics.scoring import score_predictions

    table = pd.read_parquet(options.folder / f"{row.name}.parquet")
    dataset = assemble(table, target=row.target, task=row.task).dataset
    fraction = default_holdout_fraction(len(dataset))
    search_rows, holdout_rows = split_holdout(dataset, fraction=fraction, seed=0)
    search, holdout = dataset.take(search_rows), dataset.take(holdout_rows)
    metric = get_metric(None, dataset.problem, dataset.n_classes)
    result: dict[str, Any] = {"n_holdout": len(holdout), "first_rows": holdout_rows[:5].tolist()}
    for name in REFERENCES:
        started = time.monotonic()
        try:
            scores = scores_of(name, search, holdout, options.workers)
            result[name] = score_predictions(metric, holdout.y, scores)
        except Exception:
            result[name] = None
            result[f"{name}_error"] = traceback.format_exc(limit=-2)
        result[f"{name}_seconds"] = round(time.monotonic() - started, 1)
    out.write_text(json.dumps(result))
    return result


def compare(name: str, ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Return one line of the comparison."""
    known = {key: theirs[key] for key in REFERENCES if theirs.get(key) is not None}
    score = ours.get("holdout_score")
    line: dict[str, Any] = {"table": name, "status": ours.get("status"), "ours": score}
    if score is None or not known:
        return line | {"verdict": "failed" if score is None else "no reference"}
    sign = 1 if ours["higher_is_better"] else -1
    best = max(known, key=lambda key: sign * known[key])
    low, high = ours["holdout_interval"]
    worst_margin = known[best] - high if sign > 0 else low - known[best]
    return line | {
        "metric": ours["metric"],
        "low": low,
        "high": high,
        "dummy": ours["baseline_score"],
        "best_reference": best,
        "reference": known[best],
        "beats_dummy": sign * score > sign * ours["baseline_score"],
        "beats_reference": sign * score >= sign * known[best],
        "within_interval": worst_margin <= 0,
        "trials": ours["n_trials"],
        "failed": ours["n_failed"],
        "total": ours["seconds"]["total"],
        "startup": ours["seconds"]["startup"],
        "wall": ours["wall_seconds"],
        "verdict": "ok" if worst_margin <= 0 else "WORSE",
    }


def main() -> None:
    """Run, print the table, end with the figures."""
    options = arguments()
    index = pd.read_csv(options.folder / "index.csv")
    index = index[index["task"].isin(TASKS)]
    if options.tables:
        index = index[index["name"].isin(options.tables.split(","))]
    lines = []
    for row in index.itertuples(index=False):
        ours: dict[str, Any] = {}
        theirs: dict[str, Any] = {}
        read = options.only == "report"
        if options.only in ("train", "both") or (
            read and (options.out / "train" / f"{row.name}.json").exists()
        ):
            ours = train(row, options)
        if options.only in ("references", "both") or (
            read and (options.out / "references" / f"{row.name}.json").exists()
        ):
            theirs = references(row, options)
        line = compare(row.name, ours, theirs)
        lines.append(line)
        print(json.dumps(line) if options.only != "report" else "", flush=True)
    frame = pd.DataFrame(lines)
    if "ours" in frame and options.only in ("both", "report"):
        print(frame.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
        figures = {
            "tables": len(frame),
            "finished": int((frame["status"] == 0).sum()),
            "above_dummy": int(frame["beats_dummy"].fillna(False).sum()),
            "not_worse_than_best_reference": int(frame["within_interval"].fillna(False).sum()),
            "beats_best_reference": int(frame["beats_reference"].fillna(False).sum()),
            "worst_total_seconds": float(frame["total"].max()),
            "median_wall_seconds": float(frame["wall"].median()),
        }
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
