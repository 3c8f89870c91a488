"""Named settings of the families on fixed rows: test error of one refit, of bags, and their cost.

    python benchmarks/studies/family_settings.py PUBLISHED_FOLDER --out FILE
        [--datasets DATASETS_FOLDER --tables ames,lending_club] [--tasks a,b] [--names a,b]
        [--rows 3000] [--splits 1] [--folds 5] [--report]

Work is fixed, not time: every setting is fitted to the same folds of the same rows, as a trial
is, then once to all of them with the mean of the folds' boosting rounds, as a member is. Test rows
are those of the official split; of a table without one, a third. The models of the folds, averaged,
are the bag. Seconds are CPU seconds of this process with one thread, so that other work on the
machine disturbs them little. ``--out`` gets one JSON object a line and is resumed; ``--report``
prints what is in it: test error (log loss or RMSE) relative to the refit of the family's default
(mean logarithm of ratios), and of bags relative to the setting's own refit.
"""

import argparse
import json
import pickle
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.splitting.splits import plan_folds
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration, Value

MOST_TEST_ROWS = 10_000
# What is compared with one refit: the folds' models; half these, half the refit; refits of as many
# seeds.
BAGS = ("bag", "both", "seeds")
_PLAIN: Mapping[str, Value] = {
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 20,
    "min_sum_hessian_in_leaf": 0.001,
    "feature_fraction": 1.0,
    "bagging_fraction": 1.0,
    "lambda_l2": 0.001,
}
_RANDOM: Mapping[str, Value] = {
    **_PLAIN,
    "extra_trees": True,
    "learning_rate": 0.04,
    "num_leaves": 48,
    "min_data_in_leaf": 5,
    "feature_fraction": 0.7,
}
_NATIVE: Mapping[str, Value] = {"prep_encoding": "native"}
SETTINGS: Mapping[str, Mapping[str, Value]] = {
    "lightgbm": {},
    "lightgbm plain": _PLAIN,
    "lightgbm default+xt": {"extra_trees": True},
    "lightgbm random": _RANDOM,
    "lightgbm random slow": {
        **_RANDOM,
        "learning_rate": 0.018,
        "num_leaves": 39,
        "feature_fraction": 0.46,
        "min_data_in_leaf": 3,
    },
    "lightgbm large": {
        **_PLAIN,
        "learning_rate": 0.03,
        "num_leaves": 128,
        "feature_fraction": 0.9,
        "min_data_in_leaf": 3,
    },
    "lightgbm native": _NATIVE,
    "lightgbm native few": {
        **_NATIVE,
        "min_data_per_group": 10,
        "cat_l2": 1.0,
        "cat_smooth": 10.0,
    },
    "lightgbm native onehot": {**_NATIVE, "max_cat_to_onehot": 32},
    "lightgbm random native": {**_RANDOM, **_NATIVE},
    "lightgbm random native few": {
        **_RANDOM,
        **_NATIVE,
        "min_data_per_group": 10,
        "cat_l2": 1.0,
        "cat_smooth": 10.0,
    },
    "catboost": {},
    "catboost 254": {"border_count": 254},
    "catboost own": {
        "border_count": 254,
        "learning_rate": 0.05,
        "subsample": 0.8,
        "rsm": 1.0,
        "l2_leaf_reg": 3.0,
    },
    "catboost slow": {"learning_rate": 0.03},
    "catboost depthwise": {"grow_policy": "Depthwise"},
    "catboost depthwise 4": {"grow_policy": "Depthwise", "depth": 4},
    "catboost leaf 1": {"leaf_estimation_iterations": 1},
    "catboost leaf 5": {"leaf_estimation_iterations": 5},
    "catboost onehot 10": {"one_hot_max_size": 10},
    "catboost onehot 50": {"one_hot_max_size": 50},
    "catboost bylevel": {"rsm": 0.9},
    "catboost deep": {"depth": 8},
    "xgboost": {},
    "xgboost leafwise": {"grow_policy": "lossguide", "max_leaves": 31, "max_depth": 0},
    "xgboost leafwise 10": {"grow_policy": "lossguide", "max_leaves": 31, "max_depth": 10},
    "xgboost bynode": {"colsample_bynode": 0.7, "colsample_bytree": 1.0},
    "xgboost bynode too": {"colsample_bynode": 0.7},
    "xgboost slow": {"learning_rate": 0.03},
    "extra_trees": {},
    "mlp": {},
    "linear": {},
    "realmlp": {},
}


def table_of(options: argparse.Namespace, name: str) -> tuple[pd.DataFrame, str, str]:
    """Return a table, its target and its task."""
    if (options.folder / name).is_dir():
        index = pd.read_csv(options.folder / "index.csv").set_index("name")
        frame = pd.read_parquet(options.folder / name / "data.parquet")
        task = "regression" if index.loc[name, "metric"] == "rmse" else "classification"
        return frame, str(index.loc[name, "target"]), task
    index = pd.read_csv(options.datasets / "index.csv").set_index("name")
    row = index.loc[name]
    frame = pd.read_parquet(options.datasets / f"{name}.parquet").dropna(subset=[row.target])
    return frame.reset_index(drop=True), str(row.target), str(row.task)


def parts(options: argparse.Namespace, name: str, split: int) -> tuple[Dataset, Dataset]:
    """Return the training and the test rows of a split, at most so many."""
    frame, target, task = table_of(options, name)
    rng = np.random.default_rng(split)
    if (options.folder / name).is_dir():
        splits = pd.read_parquet(options.folder / name / "splits.parquet")
        pairs = splits[["repeat", "fold"]].drop_duplicates().sort_values(["repeat", "fold"])
        repeat, fold = pairs.to_numpy()[split]
        test = splits.loc[(splits["repeat"] == repeat) & (splits["fold"] == fold), "row"].to_numpy()
    else:
        test = np.sort(rng.permutation(len(frame))[: len(frame) // 3])
    train = np.setdiff1d(np.arange(len(frame)), test)
    train = np.sort(rng.permutation(train)[: options.rows])
    test = np.sort(rng.permutation(test)[:MOST_TEST_ROWS])
    both = frame.iloc[np.concatenate([train, test])].reset_index(drop=True)
    dataset = assemble(both, target=target, task=task).dataset
    return dataset.take(np.arange(len(train))), dataset.take(np.arange(len(train), len(dataset)))


def study(train: Dataset, test: Dataset, name: str, n_folds: int) -> dict[str, Any]:
    """Return errors, seconds, latency and size of a setting's refit and of its bag."""
    family = name.split()[0]
    learner = LEARNERS[family]
    default = SearchSpace([learner], train.shape).default(family)
    values = {**dict(default), **SETTINGS[name]}
    configuration = Configuration.of(family, values)
    metric = get_metric("log_loss" if train.problem.is_classification else "rmse", train.problem)

    def fitted(part: Dataset, rounds: int | None, seed: int = 1) -> tuple[Candidate, float]:
        began = time.process_time()
        made = Candidate(
            configuration, learner, train.roles, train.shape, seed, iterations=rounds
        ).fit(part.X, part.y)
        return made, time.process_time() - began

    def error(predicted: NDArray[Any]) -> float:
        return float(score_predictions(metric, test.y, predicted))

    folds = [
        fitted(train.take(each.train), None) for each in plan_folds(train, seed=0, n_folds=n_folds)
    ]
    rounds = [model.n_iterations_ for model, _ in folds]
    mean = None if None in rounds else max(1, round(float(np.mean([each or 0 for each in rounds]))))
    refit, refit_seconds = fitted(train, mean)
    answers = [model.predict_scores(test.X).astype(np.float64) for model, _ in folds]
    again = [refit, *(fitted(train, mean, seed)[0] for seed in range(2, n_folds + 1))]
    seeds = [model.predict_scores(test.X).astype(np.float64) for model in again]
    row = test.X.iloc[:1]
    ticks = []
    for _ in range(7):
        began = time.process_time()
        refit.predict_scores(row)
        ticks.append(time.process_time() - began)
    return {
        "refit": error(seeds[0]),
        "bag": error(np.mean(answers, axis=0)),
        "both": error((np.mean(answers, axis=0) + seeds[0]) / 2),
        "seeds": error(np.mean(seeds, axis=0)),
        "one": float(np.mean([error(each) for each in answers])),
        "fold_seconds": round(sum(seconds for _, seconds in folds), 3),
        "refit_seconds": round(refit_seconds, 3),
        "rounds": mean,
        "row_ms": round(1000 * float(np.median(ticks)), 3),
        "mb": round(len(pickle.dumps(refit)) / 2**20, 3),
    }


def concerns(name: str, train: Dataset) -> bool:
    """Whether a setting differs from the default on this table."""
    of_categories = ("native", "onehot")
    return train.shape.n_categorical > 0 or not any(each in name for each in of_categories)


def run(options: argparse.Namespace) -> None:
    """Fit what is missing in the file."""
    there = {(each["table"], each["split"], each["name"], each["folds"]) for each in read(options)}
    for table in options.tables.split(","):
        for split in range(options.splits):
            wanted = [
                each
                for each in options.names.split(",")
                if (table, split, each, options.folds) not in there
            ]
            if not wanted:
                continue
            train, test = parts(options, table, split)
            for name in wanted:
                if not concerns(name, train):
                    continue
                with threadpool_limits(limits=1), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found = study(train, test, name, options.folds)
                keys = {"table": table, "split": split, "name": name, "folds": options.folds}
                with options.out.open("a") as file:
                    file.write(json.dumps({**keys, **found}) + "\n")
                print(f"{table[:30]:30} {split} {name:28} {found}", flush=True)


def read(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield what the file holds."""
    if options.out.exists():
        yield from map(json.loads, options.out.read_text().splitlines())


def report(options: argparse.Namespace) -> None:
    """Print each setting's error relative to the refit of its family's default, and its bag's."""
    rows = pd.DataFrame(read(options))
    rows = rows[rows["folds"] == options.folds]
    rows["family"] = rows["name"].str.split().str[0]
    first = rows[rows["name"] == rows["family"]].set_index(["table", "split", "family"])
    key = pd.MultiIndex.from_frame(rows[["table", "split", "family"]])
    rows["refit of default"] = np.log(rows["refit"] / first["refit"].reindex(key).to_numpy())
    rows["cost"] = np.log(rows["fold_seconds"] / first["fold_seconds"].reindex(key).to_numpy())
    for what in BAGS:
        rows[f"{what} of refit"] = np.log(rows[what] / rows["refit"])
    wide = rows.pivot_table(index="table", columns="name", values="refit of default")
    print((100 * wide).round(1).to_string())
    by_table = rows.groupby(["name", "table"])[
        ["refit of default", "cost", *(f"{each} of refit" for each in BAGS)]
    ].mean()
    for name, group in by_table.groupby("name"):
        mean = 100 * group.mean()
        refit = group["refit of default"]
        line = f"{name:28} {len(group):3} tables  cost x {np.exp(mean['cost'] / 100):5.2f}  "
        line += f"{mean.iloc[0]:+6.1f} % (median {100 * refit.median():+5.1f}, "
        line += f"better {(refit < 0).mean():4.0%})"
        for each in BAGS:
            over = group[f"{each} of refit"]
            line += f"  {each} {100 * over.mean():+5.1f} % (better {(over < 0).mean():4.0%})"
        print(line)


def main() -> None:
    """Run, then report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--datasets", type=Path, default=Path("datasets"))
    parser.add_argument("--tables", default="", help="names, with commas")
    parser.add_argument("--names", default=",".join(SETTINGS), help="settings, with commas")
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if not options.report:
        run(options)
    report(options)


if __name__ == "__main__":
    main()
