"""What training for the metric is worth, family by family, beside training for squared errors.

    python studies/objectives.py DATA_FOLDER mae --tables ames,diamonds

Each family's default configuration is fitted to two thirds of at most 2,400 rows and scored on the
rest, for two draws: for the squared error (`old`), and in each way that a search for the metric may
choose. Figures are scores relative to `old`; below 1 is better.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.learners.base.aim import CHOICE, METRIC
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.objective import SQUARED_ERROR
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.objectives import objective_choices
from espalier.pipelines.trials.configuration import Configuration

_ROWS = 2_400
_DRAWS = 2
_OLD = "old"


def load(folder: Path, table: str) -> Dataset:
    """Return at most 2,400 rows of a table."""
    index = pd.read_csv(folder / "index.csv").set_index("name")
    rows = pd.read_parquet(folder / f"{table}.parquet")
    rows = rows.sample(min(len(rows), _ROWS), random_state=0).reset_index(drop=True)
    return assemble(rows, target=str(index.loc[table, "target"]), task="regression").dataset


def halves(dataset: Dataset) -> Iterator[tuple[int, Dataset, Dataset]]:
    """Yield the seed, the rows to fit to and those to score, for each draw."""
    for seed in range(_DRAWS):
        order = np.random.default_rng(seed).permutation(len(dataset))
        cut = 2 * len(dataset) // 3
        yield seed, dataset.take(np.sort(order[:cut])), dataset.take(np.sort(order[cut:]))


def compare(dataset: Dataset, family: str, metric: Metric) -> dict[str, tuple[float, float]]:
    """Return the mean score and the seconds of a fit of each way to train."""
    learner = LEARNERS[family]
    ways = objective_choices(metric.objective, dataset.y) or (METRIC,)
    found: dict[str, list[tuple[float, float]]] = {}
    for seed, train, test in halves(dataset):
        default = SearchSpace([learner], train.shape).default(family)
        for way in (_OLD, *ways):
            configuration = Configuration.of(family, {**default, CHOICE: way})
            candidate = Candidate(
                configuration,
                learner,
                train.roles,
                train.shape,
                seed,
                objective=SQUARED_ERROR if way == _OLD else metric.objective,
            )
            started = time.perf_counter()
            candidate.fit(train.X, train.y)
            seconds = time.perf_counter() - started
            score = score_predictions(metric, test.y, candidate.predict_scores(test.X))
            found.setdefault(way, []).append((score, seconds))
    means = {way: np.mean(pairs, axis=0) for way, pairs in found.items()}
    return {way: (float(score), float(seconds)) for way, (score, seconds) in means.items()}


def main() -> None:
    """Compare the ways to train on every table, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("metric")
    parser.add_argument("--tables", required=True, help="names, with commas")
    parser.add_argument("--families", default=",".join(LEARNERS), help="names, with commas")
    options = parser.parse_args()
    metric = get_metric(options.metric, ProblemKind.REGRESSION)
    rows = []
    for table in options.tables.split(","):
        dataset = load(options.folder, table)
        for family in options.families.split(","):
            if ProblemKind.REGRESSION not in LEARNERS[family].problems:
                continue
            with threadpool_limits(limits=1):
                found = compare(dataset, family, metric)
            old, seconds = found[_OLD]
            print(
                f"{table:22s} {family:14s} old {old:10.4g} ({seconds:5.1f} s)",
                *(
                    f"{way} {score / old:.3f} ({spent:5.1f} s)"
                    for way, (score, spent) in found.items()
                    if way != _OLD
                ),
                flush=True,
            )
            rows.append({"table": table, "family": family, "metric": metric.name, **found})
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
