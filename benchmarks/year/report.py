"""What a simulated year was like: its counts, and the figures that are told at its end."""

import argparse
import json
import statistics
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from checks import Audit


@dataclass
class Year:
    """What has happened so far.

    Attributes
    ----------
    trained : dict of str to set of int
        Versions that commands reported, by model.
    refused : int
        Tables that were refused, as they should be.
    wrongly : list of str
        What went otherwise than it should, in words.
    killed : int
        Commands that were killed.
    calls : list of (week, number)
        Calls to MLflow of every retraining that ran through.
    disk : list of float
        MiB on the disks of all machines after each week.
    counts : Counter
        Commands by name.
    """

    trained: dict[str, set[int]] = field(default_factory=dict)
    refused: int = 0
    wrongly: list[str] = field(default_factory=list)
    killed: int = 0
    calls: list[tuple[int, int]] = field(default_factory=list)
    disk: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def growth(values: list[float]) -> float:
    """Return the mean of the last third over that of the first; 1 if there are too few."""
    third = len(values) // 3
    if third == 0 or not any(values[:third]):
        return 1.0
    return statistics.mean(values[-third:]) / statistics.mean(values[:third])


def conclude(
    year: Year,
    found: Audit,
    options: argparse.Namespace,
    seconds: float,
    *,
    servers_killed: int = 0,
) -> int:
    """Print the figures as JSON; return 1 if a promise was broken."""
    per_week = [
        float(after - before) for before, after in zip(year.disk, year.disk[1:], strict=False)
    ]
    calls = growth([float(number) for _, number in year.calls])
    disk = growth(per_week)
    broken = [*year.wrongly, *found.broken]
    if calls > options.most_growth:
        broken.append(f"calls of a retraining grew by {calls:.2f}")
    if disk > options.most_growth:
        broken.append(f"disk of a week grew by {disk:.2f}")
    for line in broken:
        print(f"BROKEN {line}")
    figures = {
        "models": options.models,
        "weeks": len(year.disk),
        "stores": options.stores,
        "seed": options.seed,
        "commands": dict(year.counts),
        "killed": year.killed,
        "servers_killed": servers_killed,
        "refused": year.refused,
        "calls_of_a_retraining": [number for _, number in year.calls],
        "calls_growth": round(calls, 3),
        "disk_mb_a_week": [round(each, 2) for each in per_week],
        "disk_growth": round(disk, 3),
        **{key: value for key, value in asdict(found).items() if key != "broken"},
        "broken": broken,
        "seconds": round(seconds),
    }
    print(json.dumps(figures))
    return int(bool(broken))


def megabytes(folders: list[Path], top: Path) -> float:
    """Return the MiB of the machines' folders and of the shared ones, databases left out."""
    places = {*folders, top / "stores" / "shared"}
    total = 0
    for place in places:
        for path in place.rglob("*"):
            try:
                if path.is_file() and ".db" not in path.name:
                    total += path.stat().st_size
            except FileNotFoundError:  # just removed
                continue
    return total / 2**20
