"""Columns made of several others: error of one model with and without them, and their cost.

    python benchmarks/studies/constructed_columns.py PUBLISHED_FOLDER --out FILE
        [--datasets DATASETS_FOLDER] [--tables a,b] [--names a,b] [--rows 5000] [--splits 1]
        [--seeds 2] [--report]

A setting is fitted to the training rows of the official split (of a table without one, two thirds;
at most ``--rows``), with early stopping as a trial has it, once a seed; the error (log loss or
RMSE) is that of each model on the test rows, averaged over seeds. Seconds are CPU seconds of one
thread. ``--out`` gets one JSON object a line and is resumed; ``--report`` prints what is in it: for
each setting and table 100 times the logarithm of its error over that of the setting that it is
named after (``lightgbm xt + f100`` is compared with ``lightgbm xt``; less is better).
"""

import argparse
import json
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from family_settings import parts
from threadpoolctl import threadpool_limits

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Value

_DRAWN: Mapping[str, Value] = {
    "extra_trees": True,
    "learning_rate": 0.05,
    "num_leaves": 48,
    "min_data_in_leaf": 5,
    "feature_fraction": 0.7,
    "bagging_fraction": 1.0,
    "lambda_l2": 1e-3,
    "prep_encoding": "native",
}
BASES: Mapping[str, Mapping[str, Value]] = {
    "lightgbm": {},
    "lightgbm xt": _DRAWN,
    "xgboost": {},
    "catboost": {},
    "linear": {},
}


def _formulas(n: int) -> Mapping[str, Value]:
    return {"prep_construction": "random", "prep_formulas": n}


ADDED: Mapping[str, Mapping[str, Value]] = {
    "f60": _formulas(60),
    "f100": _formulas(100),
    "f200": _formulas(200),
    "f600": _formulas(600),
    "crosses": {"prep_lookups": "crosses"},
    "groups": {"prep_lookups": "groups"},
    "keys": {"prep_lookups": "keys"},
    "all": {"prep_lookups": "all"},
    "f100 all": {**_formulas(100), "prep_lookups": "all"},
    "t4": {"prep_text_components": 4},
    "t16": {"prep_text_components": 16},
    "t32": {"prep_text_components": 32},
    "t64": {"prep_text_components": 64},
    "t100": {"prep_text_components": 100},
    "t200": {"prep_text_components": 200},
}


def study(train: Dataset, test: Dataset, name: str, n_seeds: int) -> dict[str, Any] | None:
    """Return a setting's error and seconds; None where the table has no such choice."""
    base, _, added = name.partition(" + ")
    learner = LEARNERS[base.split()[0]]
    values = {**BASES[base], **ADDED.get(added, {})}
    space = SearchSpace([learner], train.shape)
    try:
        configuration = space.complete(learner.name, dict(values))
    except ValueError:
        return None
    if not set(ADDED.get(added, {})) <= set(configuration):
        return None
    metric = get_metric("log_loss" if train.problem.is_classification else "rmse", train.problem)
    errors, seconds, width, rounds = [], 0.0, 0, 0
    for seed in range(1, n_seeds + 1):
        began = time.process_time()
        model = Candidate(configuration, learner, train.roles, train.shape, seed)
        model.fit(train.X, train.y)
        seconds += (time.process_time() - began) / n_seeds
        errors.append(float(score_predictions(metric, test.y, model.predict_scores(test.X))))
        width, rounds = model.features_.n_features_, model.n_iterations_
    row, ticks = test.X.iloc[:1], []
    for _ in range(15):
        began = time.process_time()
        model.predict_scores(row)
        ticks.append(time.process_time() - began)
    return {
        "error": float(np.mean(errors)),
        "errors": errors,
        "seconds": round(seconds, 3),
        "expected_seconds": round(space.expected_seconds(configuration), 3),
        "columns": width,
        "rounds": rounds,
        "row_ms": round(1000 * float(np.median(ticks)), 2),
    }


def run(options: argparse.Namespace) -> None:
    """Fit what is missing in the file."""
    there = {(each["table"], each["split"], each["name"]) for each in read(options)}
    for table in options.tables.split(","):
        for split in range(options.splits):
            wanted = [
                each for each in options.names.split(",") if (table, split, each) not in there
            ]
            if not wanted:
                continue
            train, test = parts(options, table, split)
            for name in wanted:
                with threadpool_limits(limits=1), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found = study(train, test, name, options.seeds)
                if found is None:
                    continue
                keys = {"table": table, "split": split, "name": name, "rows": len(train)}
                with options.out.open("a") as file:
                    file.write(json.dumps({**keys, **found}) + "\n")
                shown = {key: found[key] for key in ("error", "seconds", "columns", "row_ms")}
                print(f"{table[-24:]:24} {split} {name:24} {shown}", flush=True)


def read(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield what the file holds."""
    if options.out.exists():
        yield from map(json.loads, options.out.read_text().splitlines())


def report(options: argparse.Namespace) -> None:
    """Print each setting's error relative to what it adds its columns to."""
    rows = pd.DataFrame(read(options))
    rows["base"] = rows["name"].str.split(" + ", regex=False).str[0]
    plain = rows[rows["name"] == rows["base"]].set_index(["table", "split", "base"])
    key = pd.MultiIndex.from_frame(rows[["table", "split", "base"]])
    rows["gain"] = 100 * np.log(rows["error"] / plain["error"].reindex(key).to_numpy())
    rows["cost"] = rows["seconds"] / plain["seconds"].reindex(key).to_numpy()
    added = rows[rows["name"] != rows["base"]]
    print(added.pivot_table(index="table", columns="name", values="gain").round(1).to_string())
    named = added.groupby("name")
    means = named[["gain", "cost", "row_ms"]].mean()
    print(means.join(named["gain"].median().rename("median")).round(2).to_string())


def main() -> None:
    """Run, then report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--datasets", type=Path, default=Path("datasets"))
    parser.add_argument("--tables", default="", help="names, with commas")
    parser.add_argument("--names", default="lightgbm,lightgbm + f100", help="with commas")
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if not options.report:
        run(options)
    report(options)


if __name__ == "__main__":
    main()
