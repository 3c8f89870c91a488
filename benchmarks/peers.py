"""Espalier beside other AutoML systems: the same rows, cores, budget and clock.

    python benchmarks/peers.py DATA_FOLDER --peers PEERS_FOLDER --home ENVIRONMENTS --out FOLDER
        [--store FILE] [--frameworks ours,flaml,...] [--tables a,b] [--budget 60] [--jobs 2]

``PEERS_FOLDER`` holds the runner (``run.py``, which says what it measures) and ``ENVIRONMENTS``
what its ``setup.sh`` built. A run is made once and kept as a JSON in ``--out``: the program goes on
where it stopped, and ``--only report`` reads what is there. Runs whose ``others_cores`` is not near
0 shared the machine and are marked.

Espalier is the one that is installed where this program runs.

``--store`` is what ``espalier experience build`` recorded on the same tables: each table's own
records are left out of what Espalier learns from it before that table. Without it Espalier has no
experience. The last line is one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from parts.experience.left_out_tables import learned, others_than

from espalier.pipelines.experience.recording.recording_setup import read_index
from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.recording.store import ExperienceStore

FRAMEWORKS = ("ours", "flaml", "autogluon_medium", "h2o", "mljar")
TABLES = (
    "german_credit",
    "titanic",
    "airline_delay",
    "grants",
    "parkinson_speech",
    "leaf_flavia",
    "nonvoters",
    "bird_strike_phase",
    "midwest_survey",
    "ames",
    "house_16h",
    "employee_salaries",
    "delaney_solubility",
    "open_payments",
    # Added before any system had run on them: the two largest that were left of each kind.
    "car_claims",
    "crash_fatality",
    "kddcup99",
    "rodent_species",
    "imdb_rating",
    "diamonds",
)
EXPERIENCE = "ESPALIER_PEER_EXPERIENCE"
"""Environment variable of `peers_adapter`, which the runner alone can import."""
BUSY = 0.25
"""Cores that others kept busy, from which on a run is marked."""
_TIE = 1e-6


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--frameworks", default=",".join(FRAMEWORKS))
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--only", choices=("all", "report"), default="all")
    return parser.parse_args()


def run_all(options: argparse.Namespace) -> None:
    """Make the runs that are missing, one at a time."""
    options.out.mkdir(parents=True, exist_ok=True)
    entries = {each.name: each for each in read_index(options.folder)}
    for name in options.tables.split(","):
        for framework in options.frameworks.split(","):
            place = _place(options, framework, name)
            if place.exists():
                continue
            entry = entries[name]
            command = [
                sys.executable,
                str(options.peers / "run.py"),
                "--framework",
                framework,
                "--data",
                str(entry.path),
                "--target",
                entry.target,
                "--task",
                entry.task,
                "--fold",
                str(options.fold),
                "--budget",
                str(options.budget),
                "--jobs",
                str(options.jobs),
                "--home",
                str(options.home),
                "--out",
                str(place),
            ]
            environment = dict(os.environ)
            if framework == "ours":
                command += [
                    "--adapter",
                    str(Path(__file__).parent / "parts" / "peers_adapter.py"),
                    "--python",
                    sys.executable,
                ]
                environment[EXPERIENCE] = "" if options.store is None else _learned(options, name)
            subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)
            found = json.loads(place.read_text())
            print(
                f"{name:22} {framework:18} {found['status']:7} {_shown(found['metric'])} in "
                f"{found.get('fit_seconds') or 0:.0f} s",
                flush=True,
            )


def report(options: argparse.Namespace) -> dict[str, Any]:
    """Print the whole table, our losses first, and return the figures."""
    runs = {(run["framework"], name): run for name, run in _kept(options)}
    names = [name for name in options.tables.split(",") if ("ours", name) in runs]
    if not names:
        print("no run of Espalier yet: the framework `ours`")
        return {"tables": 0}
    frameworks = [
        each
        for each in options.frameworks.split(",")
        if any((each, name) in runs for name in names)
    ]
    gains = pd.DataFrame(
        {each: {name: _gain(runs.get((each, name))) for name in names} for each in frameworks}
    )
    # A run that failed is last; one that was not made does not count.
    ranks = gains.fillna(-np.inf).rank(axis=1, ascending=False)
    for name in ranks.sort_values("ours", ascending=False).index:
        shown = [_shown(runs.get((each, name), {}).get("metric")) for each in frameworks]
        mark = [_mark(runs.get((each, name))) for each in frameworks]
        metric = runs["ours", name].get("metric_name") or ""
        print(
            f"{name:22} {metric:9} our rank {ranks.loc[name, 'ours']:.1f}",
            *(
                f"{each} {value}{sign}"
                for each, value, sign in zip(frameworks, shown, mark, strict=True)
            ),
            sep="  ",
        )
    rivals = [each for each in frameworks if each != "ours"]
    wins = {each: _win_share(gains["ours"], gains[each]) for each in rivals}
    failed = [f"{each} on {name}" for (each, name), run in runs.items() if run["status"] != "ok"]
    figures = {
        "tables": len(names),
        "budget": options.budget,
        "mean_rank": ranks.mean().round(3).to_dict(),
        "win_share": wins,
        "failed": failed,
        "fit_seconds": {each: _median(runs, each, names, "fit_seconds") for each in frameworks},
        "row_latency_ms": {
            each: _median(runs, each, names, "row_latency_ms") for each in frameworks
        },
        "shared_the_machine": sorted(
            f"{each} on {name}" for (each, name), run in runs.items() if _mark(run)
        ),
    }
    print(f"mean rank {figures['mean_rank']}; our wins {wins}; failed {failed}")
    return figures


def _kept(options: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    for framework in options.frameworks.split(","):
        for name in options.tables.split(","):
            place = _place(options, framework, name)
            if place.exists():
                yield name, json.loads(place.read_text())


def _place(options: argparse.Namespace, framework: str, name: str) -> Path:
    return Path(options.out) / f"{framework}-{name}-{options.fold}-{options.budget:g}.json"


def _learned(options: argparse.Namespace, name: str) -> str:
    """Return the folder of what the other tables teach, learned once."""
    place = Path(options.out) / "experience" / name
    if not place.exists():
        records = ExperienceStore(options.store).read()
        learned(records, others_than(align_knowledge(records), name)).save(place)
    return str(place.resolve())


def _gain(run: dict[str, Any] | None) -> float:
    """Return the metric, larger is better; -inf for a failed run, NaN for none."""
    if run is None:
        return float("nan")
    if run["status"] != "ok":
        return -np.inf
    return float(run["metric"]) * (1.0 if run["metric_name"] == "roc_auc" else -1.0)


def _win_share(ours: "pd.Series[float]", theirs: "pd.Series[float]") -> float:
    """Return on what share of their common tables we are better; a tie is half a win."""
    both = ours.notna() & theirs.notna()
    gap = (ours[both] - theirs[both]).to_numpy()
    scale = np.maximum(np.abs(ours[both].to_numpy()), 1e-12)
    tie = np.abs(gap) <= _TIE * scale
    return round(float(np.where(tie, 0.5, gap > 0).mean()), 3) if both.any() else float("nan")


def _median(
    runs: dict[tuple[str, str], dict[str, Any]], framework: str, names: list[str], field: str
) -> float | None:
    values = [runs.get((framework, name), {}).get(field) for name in names]
    kept = [value for value in values if value is not None]
    return round(float(np.median(kept)), 2) if kept else None


def _mark(run: dict[str, Any] | None) -> str:
    return "*" if run is not None and (run.get("others_cores") or 0.0) > BUSY else ""


def _shown(value: float | None) -> str:
    return "failed" if value is None else f"{value:.5g}"


def main() -> None:
    """Run and report."""
    options = arguments()
    if options.only == "all":
        run_all(options)
    print(json.dumps(report(options)))


if __name__ == "__main__":
    main()
