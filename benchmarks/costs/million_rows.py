"""Ask a model about a million rows: seconds and peak memory of the process that answers.

    python benchmarks/costs/million_rows.py --out FOLDER [--rows 1000000] [--train-rows 20000]
        [--seconds 60] [--serving auto]

A made table of 30 columns (numbers with gaps, counts, categories). The model is trained on other
rows of it and saved; a fresh process opens it, reads the table and answers. The last line is one
JSON object.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from large_table import write_large_table
from process_tree import MemoryWatch

TARGET = "bought"
# In a process of its own, so that what training left in memory does not count.
ASK = """
import sys, time, pandas as pd
from espalier.pipelines.serving.saved_model import load_model
model = load_model(sys.argv[1])
table = pd.read_parquet(sys.argv[2])
before = time.perf_counter()
scores = model.predict_scores(table)
print(len(scores), time.perf_counter() - before)
"""


def main() -> None:
    """Make the tables and the model once, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--train-rows", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--serving", choices=("auto", "refit", "bagged"), default="auto")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    asked = options.out / f"asked-{options.rows}.parquet"
    learned = options.out / f"learned-{options.train_rows}.parquet"
    if not asked.exists():
        write_large_table(asked, options.rows, seed=1)
    if not learned.exists():
        write_large_table(learned, options.train_rows)
    place = options.out / f"model-{options.serving}-{options.train_rows}-{options.seconds:g}"
    if not place.exists():
        _train(learned, place, options.seconds, options.serving)
    manifest = json.loads((place / "manifest.json").read_text())
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", ASK, str(place), str(asked)], stdout=subprocess.PIPE, text=True
    )
    with MemoryWatch(process.pid) as watch:
        said, _ = process.communicate()
    n_rows, seconds = said.split()
    figures = {
        "rows": int(n_rows),
        "columns": len(manifest["columns"]),
        "members": [each["family"] for each in manifest["members"]],
        "predict_seconds": round(float(seconds), 1),
        "whole_seconds": round(time.monotonic() - started, 1),
        "peak_pss_mb": round(watch.peak.pss_mb),
    }
    print(
        f"{figures['rows']:,} rows of {figures['columns']} columns, "
        f"{len(figures['members'])} members: {figures['predict_seconds']} s, "
        f"{figures['peak_pss_mb']:,} MiB at most"
    )
    print(json.dumps(figures))


def _train(table: Path, place: Path, seconds: float, serving: str) -> None:
    import pandas as pd

    from espalier.pipelines.automl.estimators import AutoMLClassifier
    from espalier.pipelines.serving.saved_model import save_model

    rows = pd.read_parquet(table)
    model = AutoMLClassifier(time_budget=seconds, n_jobs=2, random_state=0, serving=serving)
    model.fit(rows.drop(columns=TARGET), rows[TARGET])
    save_model(model.model_, place)


if __name__ == "__main__":
    main()
