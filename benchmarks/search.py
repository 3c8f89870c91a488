"""Compare search strategies on the same tables, seeds and trial counts.

    python benchmarks/search.py DATA_FOLDER --records FOLDER record   [--configurations 200 ...]

``record`` evaluates a fixed list of configurations on every dataset once (it resumes).
"""

import argparse
import sys
import time
import traceback
from pathlib import Path

from search_record import RecordOptions, read_index, record


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("mode", choices=("record",), nargs="?", default="record")
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--tables", default="")
    parser.add_argument("--configurations", type=int, default=200)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--trial-seconds", type=float, default=15.0)
    return parser.parse_args()


def record_all(options: argparse.Namespace) -> None:
    """Record every table, the cheapest first."""
    amount = RecordOptions(
        rows=options.rows,
        configurations=options.configurations,
        seconds=options.trial_seconds,
    )
    for name in read_index(options.folder, options.tables)["name"]:
        started = time.monotonic()
        try:
            added = record(options.folder, options.records, name, amount)
        except Exception:  # one bad table must not end the recording
            traceback.print_exc(file=sys.stdout)
            continue
        print(f"{name}: {added} added in {time.monotonic() - started:.0f} s", flush=True)


def main() -> None:
    """Run the mode asked for."""
    options = arguments()
    record_all(options)


if __name__ == "__main__":
    main()
