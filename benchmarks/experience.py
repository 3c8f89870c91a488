"""Measure what experience is worth, on tables that it has not seen.

    python benchmarks/experience.py STORE [--only ranking,replay,learn,adversarial,live]
        [--tables FOLDER] [--seeds 3]

``STORE`` is what ``espalier experience build`` recorded. Each table is left out in turn (with all
tables of the same content), everything is learned anew from the others, and asked about it.

- ``ranking``: rank correlation of what is expected of the table's trials with what they scored.
- ``replay``: what comes first is chosen among the configurations recorded on the left-out table,
  by the order that a training would give them (`advice.Candidates`), and their recorded scores are
  looked up; nothing is looked up by nearness. The later trials of the warm search are chosen by the
  Gaussian process with the predictor as its prior mean. Random search draws from the space-filling
  part. Because the guided part of a table's recording was found by a search on that very table, the
  first trials are given once more with the space-filling part (and the defaults) alone to choose
  from.
- ``adversarial``: real searches of 30 trials, with and without experience, on three tables that are
  like none: pure noise, one informative column among 500, a parity.
- ``learn``: 2,000 trials, those of the store under the names of made-up trainings, put into MLflow
  on sqlite; the seconds that ``espalier learn`` takes; and the rank correlations on a held-out half
  of the tables before and after the other half was seen, of which half was known before.

- ``live`` (with ``--tables``): what a training would really try first on a left-out table, its best
  four, are run on the rows and folds that were recorded, beside the recorded strong defaults.

A readable table is printed and the last line is one JSON object. Regret is in units of best minus
median of all that is recorded on a table, at most 1.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from parts.experience.learning import learning
from parts.experience.live import adversarial, first_four
from parts.experience.replay import halves, ranking, replays

from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.recording.store import ExperienceStore

PARTS = ("ranking", "replay", "learn", "adversarial", "live")


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--only", default=",".join(PARTS), help="some of the parts, with commas")
    parser.add_argument("--tables", type=Path, help="folder of the recorded tables, for `live`")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=2_000, help="put into MLflow for `learn`")
    return parser.parse_args()


def main() -> None:
    """Run the parts asked for."""
    options = arguments()
    parts = options.only.split(",")
    records = ExperienceStore(options.store).read()
    known = align_knowledge(records)
    figures: dict[str, Any] = {"tables": len(known.datasets), "trials": len(records)}
    print(f"{len(records):,} trials on {len(known.datasets)} tables", flush=True)
    if "ranking" in parts:
        figures |= ranking(known)
    if "replay" in parts:
        figures |= replays(records, known, seeds=options.seeds)
    if "learn" in parts:
        figures |= halves(known, seeds=options.seeds)
        with tempfile.TemporaryDirectory() as home:
            figures |= learning(records, Path(home), n_trials=options.trials)
    if "adversarial" in parts:
        figures |= adversarial(records, known, seeds=options.seeds)
    if "live" in parts and options.tables is not None:
        figures |= first_four(records, known, options.tables)
    print(json.dumps({name: _rounded(value) for name, value in figures.items()}))


def _rounded(value: Any) -> Any:
    return round(float(value), 4) if isinstance(value, float | np.floating) else value


if __name__ == "__main__":
    main()
