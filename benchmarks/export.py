"""Exported ONNX files: how long one row takes, and how large the file is beside its members.

    python benchmarks/export.py                # 8 members on a mixed table of 3,000 rows
    python benchmarks/export.py --rows 20000 --text

One line of JSON for all members together, and one for each alone: milliseconds for one row through
onnxruntime on one thread (median of 200), by the model itself, bytes of the file, and its share of
the members' pickled size. Bars: under 2 ms for 8 members, and at most 1.2 of their size.
"""

import argparse
import json
import pickle
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.export.base.scoring import feeds, session
from espalier.pipelines.export.portable import portable_learners
from espalier.pipelines.export.write import export_model
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.members.member import Member
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.serving.model import EnsembleModel
from espalier.pipelines.space.joint import SearchSpace

SEED, TIMES = 0, 200
FAMILIES = (
    "lightgbm",
    "xgboost",
    "catboost",
    "random_forest",
    "extra_trees",
    "linear",
    "mlp",
    "bayes",
)


def table_of(n_rows: int, *, text: bool) -> tuple[pd.DataFrame, np.ndarray]:
    """Return numbers, categories, a date and, if wanted, text, and a binary target."""
    rng = np.random.default_rng(SEED)
    table = pd.DataFrame(rng.normal(size=(n_rows, 12)), columns=[f"x{at}" for at in range(12)])
    for at in range(5):
        table[f"c{at}"] = rng.choice([f"level {each}" for each in range(12)], n_rows)
    table["day"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 900, n_rows), "D")
    table = table.mask(rng.random(table.shape) < 0.03)
    if text:
        words = np.array([f"word{at}" for at in range(400)])
        table["note"] = [" ".join(rng.choice(words, 12)) for _ in range(n_rows)]
    strength = table["x0"].fillna(0) + table["x1"].fillna(0) ** 2 + (table["c0"] == "level 3")
    return table, (strength + rng.normal(size=n_rows) > 1).to_numpy(dtype=np.int64)


def model_of(table: pd.DataFrame, y: np.ndarray, families: tuple[str, ...]) -> EnsembleModel:
    """Return an ensemble of one default configuration of each family."""
    preparation, X = prepare(table.assign(target=y), target="target")
    dataset = Dataset(
        X=X,
        y=y,
        problem=ProblemKind.BINARY,
        roles=dict(preparation.roles),
        classes=np.array(["no", "yes"]),
    )
    members: list[Member] = []
    for learner in portable_learners([LEARNERS[name] for name in families], dataset, "onnx"):
        configuration = SearchSpace([learner], dataset.shape).default(learner.name)
        candidate = Candidate(configuration, learner, dataset.roles, dataset.shape, SEED)
        members.append(Member(number=len(members), candidates=(candidate.fit(X, y),)))
    return EnsembleModel(
        preparation=preparation,
        members=tuple(members),
        combination=_equal(len(members)),
        problem=dataset.problem,
        classes=dataset.classes,
        metric="log_loss",
        method="stagewise",
        target="target",
        example=table.head(8),
    )


def _equal(n_members: int) -> Combination:
    return Combination(
        problem=ProblemKind.BINARY,
        space=CombinationSpace.LINK,
        weights=(1 / n_members,) * n_members,
        intercept=(0.0,),
    )


def measure(model: EnsembleModel, rows: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Return the figures of one model."""
    made = export_model(model, folder / "model.onnx", rows=rows)
    one = rows.head(1)
    inputs = feeds(model.preparation.apply(one), model.preparation)
    opened = session(made.path)
    size = sum(len(pickle.dumps(member)) for member in model.members)
    assert made.agreement is not None
    return {
        "members": [member.family for member in model.members],
        "onnx_ms": round(_median_ms(lambda: opened.run(None, inputs)), 3),
        "model_ms": round(_median_ms(lambda: model.predict_scores(one)), 3),
        "bytes": made.n_bytes,
        "of_members": round(made.n_bytes / size, 3),
        "largest_difference": made.agreement.largest,
    }


def _median_ms(call: Callable[[], Any]) -> float:
    call()
    seconds = []
    for _ in range(TIMES):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return 1e3 * float(np.median(seconds))


def main() -> None:
    """Measure all members together and each alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--text", action="store_true")
    parser.add_argument("--families", default=",".join(FAMILIES))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    table, y = table_of(options.rows, text=options.text)
    model = model_of(table, y, tuple(options.families.split(",")))
    rows = table.sample(500, random_state=SEED)
    with tempfile.TemporaryDirectory() as folder:
        alone = [replace(model, members=(each,), combination=_equal(1)) for each in model.members]
        for each in (model, *alone):
            print(json.dumps(measure(each, rows, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
