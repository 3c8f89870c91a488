"""Compare the combiners on libraries of trials: three outer folds of every table in a folder.

    python benchmarks/ensemble.py DATA_FOLDER --out FOLDER [--rows 3000] [--trials 24]
        [--processes 2] [--tables a,b] [--families a,b] [--minutes M] [--metric loss|default]
        [--only read] [--residual N]

Libraries are kept in ``--out`` and made once: the program may be stopped and goes on where it
stopped, and combiners are compared again without a fit. ``--minutes`` begins no library after so
long. ``--residual N`` also searches N trials for the residual of each shipped choice, once with
members that see the features and once with such as see the ensemble's answers, too (one more layer
of stacking). Ranks and changes are of the test loss: log loss, or squared error. The last line is
one JSON object; ``row_ms`` is for refitted members asked one after the other.
"""

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from parts.ensembles.compare import (
    BAGGED,
    CALIBRATED,
    LEAST_LOSS,
    SHIPPED,
    Compared,
    compare,
    summary,
)
from parts.ensembles.library import OUTER_FOLDS, LibraryOptions, make_library, read_index
from studies.ensemble_residual import record_path, residual_record, residual_summary

SECONDS = 300.0
"""Of a search for the residual, at most."""


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--tables", default="")
    parser.add_argument("--families", default="")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--metric", choices=("loss", "default"), default="loss")
    parser.add_argument("--only", choices=("all", "read"), default="all")
    parser.add_argument("--residual", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Make what is missing, compare, print."""
    options = arguments()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"  # the processes that fit share the cores
    names = list(read_index(options.folder, options.tables)["name"])
    jobs = [(name, fold) for fold in range(OUTER_FOLDS) for name in names]
    if options.only == "all":
        _make(jobs, options)
    found = []
    for name, fold in sorted(jobs):
        place = options.out / f"{name}-{fold}"
        if (place / "arrays.npz").exists():
            found.append(compare(place, options.metric))
            _tell(found[-1])
    if found:
        figures = summary(found)
        places = [options.out / each.name for each in found]
        until = time.monotonic() + 60.0 * options.minutes
        for layer in (False, True):
            records = _residuals(places, options, until, sees_answers=layer)
            if records:
                figures["second_layer" if layer else "residual"] = residual_summary(records)
        print(json.dumps(figures))


def _residuals(
    places: list[Path], options: argparse.Namespace, until: float, *, sees_answers: bool
) -> list[dict[str, Any]]:
    """Return what residual members do, for the libraries that there is time for or a record of."""
    records = []
    for place in places:
        begin = options.residual and options.only == "all" and time.monotonic() < until
        if begin or record_path(place, sees_answers=sees_answers).exists():
            record = residual_record(
                place, options.metric, options.residual, SECONDS, sees_answers=sees_answers
            )
            change = 100.0 * (record["after"] / record["before"] - 1.0)
            what = "second layer" if sees_answers else "residual"
            print(f"{place.name:28} {what}: {record['stages']} stages, {change:+.2f} %")
            records.append(record)
    return records


def _make(jobs: list[tuple[str, int]], options: argparse.Namespace) -> None:
    library = LibraryOptions(
        rows=options.rows,
        trials=options.trials,
        seconds=options.seconds,
        families=tuple(name for name in options.families.split(",") if name),
    )
    until = time.monotonic() + 60.0 * options.minutes
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        waiting = [
            (job, pool.submit(_make_one, *job, options.folder, options.out, library, until))
            for job in jobs
        ]
        for (name, fold), made in waiting:
            try:
                seconds = made.result()
            except Exception as error:  # one table that cannot be read must not end the others
                print(f"{name}-{fold}: {type(error).__name__}: {error}", flush=True)
                continue
            if seconds is not None:
                print(f"{name}-{fold}: library made in {seconds:.0f} s", flush=True)


def _make_one(
    name: str, fold: int, folder: Path, out: Path, options: LibraryOptions, until: float
) -> float | None:
    """Make a library in this process; return the seconds it took, None for nothing to do."""
    if time.monotonic() > until:
        return None
    started = time.monotonic()
    made = make_library(folder, out, name, fold, options)
    return time.monotonic() - started if made else None


def _tell(result: Compared) -> None:
    single = result.losses["best single"]
    changes = {
        name: 100.0 * (loss - single) / max(single, LEAST_LOSS)
        for name, loss in result.losses.items()
        if name != "best single"
    }
    told = "  ".join(
        f"{name} {change:+.1f}"
        for name, change in changes.items()
        if name in (SHIPPED, CALIBRATED, BAGGED)
    )
    print(
        f"{result.name:28} best single {single:.4f}  in %: {told}  ({result.method}, "
        f"{result.n_members} members)",
        flush=True,
    )


if __name__ == "__main__":
    main()
