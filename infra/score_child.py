"""The program that scores rows with one logged model: ``python -I score_child.py JOB``.

A logged model brings its own `pipelines`, so it is opened in a process of its own that imports
nothing else of this project. ``JOB`` is a pickle of a mapping; its answer is a pickle, too: both
are files of the caller's own scratch folder.
"""

import pickle
import sys
import time
import warnings
from pathlib import Path
from statistics import median

_WARM_UP = 2
_TIMED = 15


def main() -> None:
    """Score the rows of the job and time single ones."""
    with Path(sys.argv[1]).open("rb") as file:
        job = pickle.load(file)
    sys.path.insert(0, job["code"])
    from pipelines.ensemble.serving import load_model

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = load_model(job["saved"])
    noticed = [str(each.message) for each in caught if each.category.__name__ == "ServingWarning"]
    rows = job["rows"]
    answer = {
        "scores": model.predict_scores(rows),
        "classes": model.classes,
        "noticed": noticed,
        "latency_ms": 1000.0 * _seconds_a_row(model, rows),
    }
    partial = Path(job["answer"] + ".part")
    with partial.open("wb") as file:
        pickle.dump(answer, file)
    partial.replace(job["answer"])


def _seconds_a_row(model: object, rows: object) -> float:
    """Return the median time that one row takes, alone as a request brings it."""
    spent = []
    for turn in range(_WARM_UP + _TIMED):
        at = turn % len(rows)  # type: ignore[arg-type]
        one = rows.iloc[at : at + 1]  # type: ignore[attr-defined]
        before = time.perf_counter()
        model.predict_scores(one)  # type: ignore[attr-defined]
        spent.append(time.perf_counter() - before)
    return median(spent[_WARM_UP:])


if __name__ == "__main__":
    main()
