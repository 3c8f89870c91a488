"""Compare forecasts with statsforecast's AutoETS, theta, CES and their mean, or with AutoGluon's.

    python benchmarks/forecast_peers.py SERIES_FOLDER --python PEER_PYTHON --out FOLDER
        [--peer statsforecast] [--seconds 60] [--presets high_quality] [--ours FOLDER]
        [--sets a,b] [--windows N] [--jobs 1]

``PEER_PYTHON`` is the interpreter of an environment with the peer, pandas and pyarrow. Sets,
windows and scores are those of `benchmarks/forecast.py`, whose ``--out`` folder ``--ours`` names;
both must have been given the same ``--windows``. A set that is in ``--out`` is not run again; one
that the peer fails on is told and left out. ``statsforecast`` has no time limit and no covariates;
``autogluon`` has ``--seconds``, the covariates of the index, and no model that would download
weights. The last line is one JSON object.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from parts.forecasts.figures import LEVELS, figures_of, listed

WORKERS = Path(__file__).parent / "parts" / "forecasts"
JUDGED = {"statsforecast": "mean", "autogluon": "autogluon"}
"""The peers, and which of a peer's models ours are compared with."""


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", required=True, help="interpreter of the peer's environment")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--peer", choices=sorted(JUDGED), default="statsforecast")
    parser.add_argument("--seconds", type=float, default=60.0, help="of autogluon")
    parser.add_argument("--presets", default="high_quality", help="of autogluon")
    parser.add_argument("--ours", type=Path)
    parser.add_argument("--sets", default="")
    parser.add_argument("--windows", type=int, help="fewer test windows than the index says")
    parser.add_argument("--jobs", type=int, default=1)
    return parser.parse_args()


def run_set(row: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Let the peer forecast each test window, and return the scores of its models."""
    horizon, season = int(row.horizon), int(row.seasonality)
    windows = min(int(row.test_windows), options.windows or 99)
    known, past, static = list[str](), list[str](), list[str]()
    if options.peer == "autogluon":
        known, past, static = (
            listed(row[f"{kind}_covariates"]) for kind in ("known", "past", "static")
        )
    table = pd.read_parquet(options.folder / f"{row.name}.parquet")
    table = table[["series", "time", "target", *known, *past, *static]]
    table = table.sort_values(["series", "time"], kind="stable")
    if options.peer == "statsforecast":
        table = table.dropna(subset=["target"])
    table = table.reset_index(drop=True)
    left = table.groupby("series", sort=False).cumcount(ascending=False)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        request = {
            "histories": [str(place / f"history{w}.parquet") for w in range(windows)],
            "outs": [str(place / f"made{w}.parquet") for w in range(windows)],
            "done": str(place / "done.json"),
            "givens": [str(place / f"given{w}.parquet") for w in range(windows)],
            "horizon": horizon,
            "frequency": str(row.frequency),
            "known": known,
            "static": static,
            "seconds": options.seconds,
            "presets": options.presets,
            "season": season,
            "levels": LEVELS,
            "jobs": options.jobs,
        }
        for w, path in enumerate(request["histories"]):
            ahead = windows - w
            table[left >= ahead * horizon].to_parquet(path, index=False)
            test = table[(left < ahead * horizon) & (left >= (ahead - 1) * horizon)]
            test[["series", "time", *known]].to_parquet(request["givens"][w], index=False)
        (place / "request.json").write_text(json.dumps(request))
        worker = WORKERS / f"{options.peer}_worker.py"
        asked = [options.python, str(worker), str(place / "request.json")]
        done = subprocess.run(asked, check=False, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no word"])[-1]
            return {"set": str(row.name), "failed": last}
        seconds = json.loads((place / "done.json").read_text())["seconds"]
        found: dict[str, list[dict[str, float]]] = {}
        for w in range(windows):
            ahead = windows - w
            history = table[left >= ahead * horizon]
            test = table[(left < ahead * horizon) & (left >= (ahead - 1) * horizon)].copy()
            test["step"] = test.groupby("series").cumcount()
            made = pd.read_parquet(request["outs"][w])
            for model, part in made.groupby("model", sort=False):
                both = part.merge(test[["series", "step", "time"]], on=["series", "step"])
                scores = figures_of(history, test, both, season, horizon)
                found.setdefault(str(model), []).append(scores)
    means = {
        model: {key: float(np.nanmean([each[key] for each in windows])) for key in windows[0]}
        for model, windows in found.items()
    }
    return {"set": str(row.name), "seconds": sum(seconds), "models": means}


def main() -> None:
    """Run every set and print the table."""
    options = arguments()
    index = pd.read_csv(options.folder / "index.csv").set_index("name", drop=False)
    wanted = [each for each in options.sets.split(",") if each] or list(index.index)
    options.out.mkdir(parents=True, exist_ok=True)
    print(f"{'set':18s} {'model':24s} {'mase':>7s} {'wql':>8s} {'80 %':>5s} {'seconds':>8s}")
    judged = JUDGED[options.peer]
    ratios: dict[str, list[float]] = {"mase": [], "wql": []}
    for name in wanted:
        record = options.out / f"{name}.json"
        if not record.exists():
            record.write_text(json.dumps(run_set(index.loc[name], options)))
        peer = json.loads(record.read_text())
        if "failed" in peer:
            print(f"{name:18s} {options.peer:24s} failed: {peer['failed']}", flush=True)
            continue
        for model, each in peer["models"].items():
            print(
                _line(name, model, each, peer["seconds"] if model == judged else None), flush=True
            )
        mine = None if options.ours is None else options.ours / f"{name}.json"
        if mine is not None and mine.exists():
            ours = json.loads(mine.read_text())
            print(_line(name, "espalier", ours, ours["fit_seconds"]), flush=True)
            for key, values in ratios.items():
                values.append(ours[key] / peer["models"][judged][key])
    summary: dict[str, Any] = {"sets": len(wanted), "compared": len(ratios["mase"])}
    for key, values in ratios.items():
        if values:
            summary[f"{key}_by_that_of_{judged}"] = round(float(np.exp(np.log(values).mean())), 4)
            summary[f"{key}_better_on"] = round(float(np.mean(np.array(values) < 1)), 3)
    print(json.dumps(summary))


def _line(name: str, model: str, figures: dict[str, Any], seconds: float | None) -> str:
    took = "" if seconds is None else f"{seconds:8.1f}"
    return (
        f"{name:18s} {model:24s} {figures['mase']:7.3f} {figures['wql']:8.4f} "
        f"{figures['covered_80']:5.2f} {took}"
    )


if __name__ == "__main__":
    main()
