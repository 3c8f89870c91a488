"""Runs in processes of their own, each kept as a JSON in a folder."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


def run_apart(command: Sequence[str], place: Path) -> str | None:
    """Run a command that shall write the file ``place``; return its last word if it does not."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if place.exists():
        return None
    return (done.stderr.strip().splitlines() or ["no word"])[-1]


def kept_runs(folder: Path, budget: float) -> Iterator[dict[str, Any]]:
    """Yield the runs of a budget in seconds that are kept in a folder."""
    for path in sorted(folder.glob(f"*-{budget:g}.json")):
        yield json.loads(path.read_text())
