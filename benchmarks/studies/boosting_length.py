"""What boosters' lengths cost and bring: fixed configurations, error and CPU seconds of each.

    python studies/boosting_length.py DATA_FOLDER --tables titanic,soybean --rows 160,2000 --draws 3

Each configuration is fitted to two thirds of at most so many rows of a table and scored on the rest
by log loss or rmse. To compare two versions, run both (`PYTHONPATH`) and give the first one's file
to `--against`: then ratios are printed too, below 1 is better. CPU seconds count this process
alone, so that other work on the machine disturbs them little. The last line is one JSON object.
"""

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Value

# Configurations by name: the family, and what differs from its default. `default` and `slow` are
# for each family; `shipped` comes from experience.
_SLOW = 0.015
CONFIGURATIONS: Mapping[str, tuple[str, Mapping[str, Value]]] = {
    "lightgbm": ("lightgbm", {}),
    "lightgbm-slow": ("lightgbm", {"learning_rate": _SLOW}),
    "lightgbm-heavy": ("lightgbm", {"learning_rate": _SLOW, "lambda_l2": 40.0}),
    "lightgbm-random": ("lightgbm", {"learning_rate": _SLOW, "extra_trees": True}),
    "xgboost": ("xgboost", {}),
    "xgboost-slow": ("xgboost", {"learning_rate": _SLOW}),
    "xgboost-heavy": ("xgboost", {"learning_rate": _SLOW, "reg_lambda": 40.0}),
    "catboost": ("catboost", {}),
    "catboost-slow": ("catboost", {"learning_rate": _SLOW}),
    "catboost-shipped": (
        "catboost",
        {
            "depth": 7,
            "l2_leaf_reg": 49.59,
            "learning_rate": 0.0143,
            "max_ctr_complexity": 2,
            "prep_construction": "ratios",
            "prep_encoding": "onehot",
            "prep_rare_share": 0.00014296,
            "prep_selected_share": 0.95859,
            "prep_selection": "importance",
            "random_strength": 4.3571,
            "rsm": 0.19162,
            "subsample": 0.51148,
        },
    ),
}


def load(folder: Path, table: str, rows: int, seed: int) -> Dataset:
    """Return at most ``rows`` rows of a table, drawn with ``seed``."""
    row = pd.read_csv(folder / "index.csv").set_index("name").loc[table]
    frame = pd.read_parquet(folder / f"{table}.parquet").dropna(subset=[row.target])
    frame = frame.sample(min(len(frame), rows), random_state=seed).reset_index(drop=True)
    return assemble(frame, target=str(row.target), task=str(row.task)).dataset


def halves(dataset: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """Return two thirds of the rows, and the rest."""
    order = np.random.default_rng(seed).permutation(len(dataset))
    cut = 2 * len(dataset) // 3
    return dataset.take(np.sort(order[:cut])), dataset.take(np.sort(order[cut:]))


def fit(name: str, train: Dataset, test: Dataset, seed: int) -> tuple[float, float, int]:
    """Return error, CPU seconds and rounds of a configuration."""
    family, values = CONFIGURATIONS[name]
    learner = LEARNERS[family]
    space = SearchSpace([learner], train.shape)
    configuration = space.complete(family, dict(values))
    problem = train.shape.problem
    metric = get_metric("log_loss" if problem.is_classification else "rmse", problem)
    candidate = Candidate(configuration, learner, train.roles, train.shape, seed)
    started = time.process_time()
    candidate.fit(train.X, train.y)
    seconds = time.process_time() - started
    error = score_predictions(metric, test.y, candidate.predict_scores(test.X))
    return float(error), seconds, candidate.n_iterations_ or 0


def main() -> None:
    """Fit every configuration to every table and draw, and print what it cost and brought."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", required=True, help="names, with commas")
    parser.add_argument("--rows", default="2000", help="numbers, with commas")
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--names", default=",".join(CONFIGURATIONS), help="names, with commas")
    parser.add_argument("--against", type=Path, help="file with the output of another version")
    options = parser.parse_args()
    before = {}
    if options.against is not None:
        before = json.loads(options.against.read_text().strip().splitlines()[-1])
    found: dict[str, list[float]] = {}
    ratios: dict[str, list[tuple[float, float]]] = {}
    for table in options.tables.split(","):
        for rows in map(int, options.rows.split(",")):
            for name in options.names.split(","):
                got = []
                for seed in range(options.draws):
                    train, test = halves(load(options.folder, table, rows, seed), seed)
                    with threadpool_limits(limits=1):
                        got.append(fit(name, train, test, seed))
                error, seconds, rounds = np.mean(got, axis=0)
                key = f"{table} {rows} {name}"
                found[key] = [float(error), float(seconds), float(rounds)]
                line = f"{key:45s} {error:10.5g} {seconds:7.2f} s {rounds:7.0f} rounds"
                if key in before:
                    ratio = (error / before[key][0], seconds / before[key][1])
                    ratios.setdefault(name, []).append(ratio)
                    line += f"   error x {ratio[0]:.3f}, seconds x {ratio[1]:.2f}"
                print(line, flush=True)
    for name, pairs in ratios.items():
        error, seconds = np.exp(np.mean(np.log(pairs), axis=0))
        better = np.mean([pair[0] < 1 for pair in pairs])
        print(f"{name:25s} error x {error:.3f}, better {better:.0%}, seconds x {seconds:.2f}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
