"""Light models of a set: what the front of a training holds, and what smaller forms lose."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from parts.deep.tasks import Task

COSTS = ("size", "latency", "operations")
SHARE = 0.25
"""A light model has at most this share of the size of the best one."""
_PARENT = re.compile(r"trial (\d+)")


@dataclass(frozen=True)
class Figures:
    """What one training made.

    Attributes
    ----------
    served : dict
        The model that serves: score on the test rows, size, latency, operations, its place.
    front : DataFrame
        Models that could serve, best first: score of rows in no fit, size, latency, operations.
    forms : DataFrame
        Smaller forms with what they lose and what is left of size and latency, one a row.
    shared_mb : float
        MiB of the frozen networks that the models on the front have in common, in their sizes.
    """

    served: dict[str, Any]
    front: pd.DataFrame
    forms: pd.DataFrame
    shared_mb: float


def light(
    task: Task, seconds: float, seed: int, families: Sequence[str] | None, prefer: str
) -> Figures:
    """Train with costs among the objectives; scores are accuracy, or R2 of a regression."""
    from sklearn.metrics import accuracy_score, r2_score

    from espalier import AutoMLClassifier, AutoMLRegressor
    from espalier.pipelines.learners.registry import reads_pixels_alone
    from espalier.pipelines.serving.latency import measure_reading

    kind = AutoMLRegressor if task.is_regression else AutoMLClassifier
    began = time.time()
    model = kind(
        time_budget=seconds,
        random_state=seed,
        image_root=task.root or None,
        families=None if families is None else list(families),
        metric="r2" if task.is_regression else "accuracy",
        objectives=("score", *COSTS),
        prefer=prefer,
    ).fit(task.X, task.y)
    spent = time.time() - began
    judged = r2_score if task.is_regression else accuracy_score
    front = model.front_
    chosen = front[front["chosen"]].iloc[0]
    began = time.time()
    test = judged(task.test_y, model.predict(task.test_rows))
    served = {
        "seconds": spent,
        "trials": len(model.leaderboard_),
        "test": float(test),
        "ms_a_row": (time.time() - began) / len(task.test_rows) * 1e3,
        **{name: chosen[name] for name in ("name", "score", *COSTS)},
    }
    shared = 0.0
    if not reads_pixels_alone(families):
        shared = measure_reading(model.model_.preparation, model.model_.example, ()).size
    return Figures(served, front, forms_of(model.leaderboard_), shared)


def forms_of(board: pd.DataFrame) -> pd.DataFrame:
    """Return the smaller forms of a leaderboard beside the trials they were made of."""
    by_trial = board.set_index("trial")
    rows = []
    for form in board[board["variant"] != ""].itertuples():
        parent = _PARENT.search(form.variant)
        if parent is None or form.status != "success":
            continue
        whole = by_trial.loc[int(parent.group(1))]
        rows.append(
            {
                "form": form.variant,
                "family": form.family,
                "of": whole["score"],
                "score": form.score,
                "points": 100 * (form.score - whole["score"]),
                "size_mb": form.size_mb,
                "size_share": form.size_mb / whole["size_mb"],
                "row_ms": form.row_ms,
                "latency_share": form.row_ms / whole["row_ms"],
                "operations": form.operations,
                "seconds": form.fit_seconds,
            }
        )
    return pd.DataFrame(rows)


def quarter(front: pd.DataFrame, shared_mb: float = 0.0) -> dict[str, Any]:
    """Return the best of a front, and the best of those with a quarter of its size.

    The scores are those of rows in no fit; ``points`` is what the light one gains (a loss is
    below 0), of accuracy in per cent, or of a hundred times R2. ``shared_mb`` is taken off the
    sizes of all but networks on pixels: what all models share may be there once, whatever is taken.
    """
    without = front["name"].str.contains("convnet")
    front = front.assign(size=front["size"] - shared_mb * ~without)
    best = front.loc[front["score"].idxmax()]
    light_ones = front[front["size"] <= SHARE * best["size"]]
    if light_ones.empty:
        return {"best": best["name"], "score": best["score"], "size": best["size"], "light": None}
    taken = light_ones.loc[light_ones["score"].idxmax()]
    return {
        "best": best["name"],
        "score": best["score"],
        "size": best["size"],
        "latency": best["latency"],
        "light": taken["name"],
        "light_score": taken["score"],
        "light_size": taken["size"],
        "light_latency": taken["latency"],
        "points": 100 * (taken["score"] - best["score"]),
    }
