"""The program that scores rows with one logged model: ``python -I scoring_process.py FOLDER``.

A logged model includes its own `espalier.pipelines`, so it is loaded in a separate process that
imports nothing else of this project. The folder holds ``job.json`` and ``rows.parquet``; the
program writes ``scores.npy`` and, at the end, ``answer.json``.
"""

import json
import sys
import time
import warnings
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

_WARM_UP = 2
_TIMED = 15


def main() -> None:
    """Score the rows of the job and measure the latency for single rows."""
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text())
    sys.path.insert(0, job["code"])

    import numpy as np
    import pandas as pd

    # Named by the model: versions of before have it elsewhere.
    load_model = import_module(job["loader"]).load_model
    rows = pd.read_parquet(folder / "rows.parquet")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = load_model(job["saved"])
    noticed = [str(each.message) for each in caught if each.category.__name__ == "ServingWarning"]
    np.save(folder / "scores.npy", model.predict_scores(rows), allow_pickle=False)
    answer = {
        "classes": None if model.classes is None else model.classes.tolist(),
        "noticed": noticed,
        # Models of an earlier version have no adjustments.
        "threshold": getattr(getattr(model, "adjustments", None), "threshold", None),
        "latency_ms": 1000.0 * _seconds_a_row(model, rows),
    }
    partial = folder / "answer.part"
    partial.write_text(json.dumps(answer, default=str))
    partial.replace(folder / "answer.json")


def _seconds_a_row(model: Any, rows: Any) -> float:
    """Return the median seconds to predict a single row, as in a request."""
    spent = []
    for turn in range(_WARM_UP + _TIMED):
        at = turn % len(rows)
        one = rows.iloc[at : at + 1]
        before = time.perf_counter()
        model.predict_scores(one)
        spent.append(time.perf_counter() - before)
    return median(spent[_WARM_UP:])


if __name__ == "__main__":
    main()
