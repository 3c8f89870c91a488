"""Record trials of forecasts in this process, without servers; the flow records the same.

    python benchmarks/parts/forecasts/record.py FOLDER --store FILE [--trials 24] [--rows 800]
        [--sets a,b] [--minutes 5]

FOLDER is one that `espalier experience build` takes. It stops after the minutes, between two
trials; the same command goes on from there.
"""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.experience.recording.design import RecordingDesign, next_to_record
from espalier.pipelines.experience.recording.record import record_of
from espalier.pipelines.experience.recording.recording_setup import RecordingRules, read_index
from espalier.pipelines.experience.recording.series_setup import make_series_setup
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.resources.budget import NEVER
from espalier.pipelines.search.loop import run_trials
from espalier.tasks.experience.open_recording import package_versions


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--rows", type=int, default=800)
    parser.add_argument("--origins", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=30.0, help="limit of a trial")
    parser.add_argument("--sets", default="")
    parser.add_argument("--minutes", type=float, default=5.0)
    return parser.parse_args()


def main() -> None:
    """Record what is missing."""
    options = arguments()
    store, began = ExperienceStore(options.store), time.monotonic()
    rules = RecordingRules(rows=options.rows, n_folds=options.origins, seed=0)
    design = RecordingDesign(
        n_configurations=options.trials, seconds=options.seconds, n_folds=options.origins, seed=0
    )
    versions = package_versions()
    wanted = tuple(each for each in options.sets.split(",") if each)
    for entry in read_index(options.folder, wanted):
        if not entry.is_of_series:
            continue
        table = pd.read_parquet(entry.path)
        place = make_series_setup(table, entry, rules, fingerprint=fingerprint(table))
        history = store.read().history(place.dataset)
        with SerialExecutor(place.context) as executor:
            while trials := next_to_record(place.space, history, design, 4):
                if time.monotonic() - began > 60.0 * options.minutes:
                    print("time is up; the same command goes on", flush=True)
                    return
                awaited = frozenset(each.number for each in trials)
                outcomes = run_trials(executor, trials, deadline=NEVER, awaited=awaited)
                now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                records = [
                    record_of(place.dataset, each.result, versions=versions, recorded_at=now)
                    for each in outcomes
                ]
                store.append(records)
                history = history.extend([each.result for each in records])
        seconds = sum(each.seconds for each in history.results)
        best = history.best
        print(
            f"{entry.name:22s} {len(history):3d} trials {len(history.failures):2d} failed "
            f"{seconds:6.1f} s  best {best.trial.configuration.family} {best.score:.3f}"
            if best is not None
            else f"{entry.name}: no trial has a score",
            flush=True,
        )


if __name__ == "__main__":
    main()
