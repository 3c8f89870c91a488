"""Record a table of evaluated configurations for each dataset, once; it resumes where it stopped.

One file a dataset, ``<name>.jsonl``: a header line (what was evaluated on), then one line a
configuration as `TrialResult.to_dict` writes it. The defaults of all families come first, then
random configurations, every family equally likely.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.splitting.folds import Fold, FoldPlan
from espalier.pipelines.data.splitting.splits import split_holdout
from espalier.pipelines.data.splitting.strata import assign_rows, strata
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.evaluate import evaluate_trial
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.seeds import generator, integer_seed
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialResult

TASKS = ("binary", "multiclass", "regression")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    """How much is recorded.

    Attributes
    ----------
    rows : int
        Rows of a dataset at most, drawn in strata.
    folds : int
        Folds of the cross-validation.
    configurations : int
        Configurations a dataset.
    seconds : float
        Limit of one trial, all folds together.
    seed : int
        Seed of rows, folds and configurations.
    """

    rows: int = 1_000
    folds: int = 3
    configurations: int = 200
    seconds: float = 15.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Workplace:
    """A dataset made ready, with its space."""

    context: EvaluationContext
    space: SearchSpace


def read_index(folder: Path, tables: str = "") -> pd.DataFrame:
    """Return the datasets to use, the cheapest first."""
    index = pd.read_csv(folder / "index.csv")
    index = index[index["task"].isin(TASKS)]
    if tables:
        index = index[index["name"].isin(tables.split(","))]
    cost = index["rows"].clip(upper=1_000) * index["features"] * _classes(index)
    return index.assign(cost=cost).sort_values("cost", kind="stable")


def open_workplace(folder: Path, name: str, options: RecordOptions) -> Workplace:
    """Return the context and the space of one dataset, its rows capped."""
    row = read_index(folder).set_index("name").loc[name]
    table = pd.read_parquet(folder / f"{name}.parquet")
    dataset = assemble(table, target=row["target"], task=row["task"]).dataset
    if len(dataset) > options.rows:
        fraction = options.rows / len(dataset)
        dataset = dataset.take(split_holdout(dataset, fraction=fraction, seed=options.seed)[1])
    learners = choose_learners(None, dataset.shape)
    context = EvaluationContext(
        dataset=dataset,
        folds=_folds(dataset, options),
        metric=get_metric(None, dataset.problem, dataset.n_classes),
        learners=learners,
    )
    return Workplace(context, SearchSpace(learners, dataset.shape))


def planned(space: SearchSpace, options: RecordOptions) -> Iterator[Configuration]:
    """Yield the configurations to record, in order, without end."""
    seen = set()
    for family in space.families:
        seen.add(space.default(family))
        yield space.default(family)
    rng = generator(options.seed, "record")
    while True:
        drawn = space.sample(1, rng)[0]
        if drawn not in seen:
            seen.add(drawn)
            yield drawn


def record(folder: Path, out: Path, name: str, options: RecordOptions) -> int:
    """Evaluate what is missing of a dataset's table; return how many were added."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.jsonl"
    results = read_results(path)
    if len(results) >= options.configurations:
        return 0
    place = open_workplace(folder, name, options)
    if not path.exists():
        shape = place.context.dataset.shape
        header = {
            "table": name,
            "n_rows": shape.n_rows,
            "n_columns": shape.n_columns,
            "n_classes": shape.n_classes,
            "problem": str(shape.problem),
            "metric": place.context.metric.name,
            "folds": len(place.context.folds),
            "seconds_limit": options.seconds,
            "seed": options.seed,
            "started": time.strftime("%Y-%m-%d"),
        }
        path.write_text(json.dumps(header) + "\n")
    known = {result.trial.configuration for result in results}
    added = 0
    with path.open("a") as file:
        for number, configuration in enumerate(planned(place.space, options)):
            if number >= options.configurations:
                break
            if configuration in known:
                continue
            trial = Trial(
                number=number,
                configuration=configuration,
                seed=integer_seed(options.seed, "trial", number),
                origin="record",
                seconds_limit=options.seconds,
            )
            result = evaluate_trial(trial, place.context).result
            file.write(json.dumps(result.to_dict()) + "\n")
            file.flush()
            added += 1
    return added


def read_header(path: Path) -> dict[str, Any]:
    """Return the first line of a recorded table."""
    with path.open() as file:
        header: dict[str, Any] = json.loads(file.readline())
    return header


def read_results(path: Path) -> list[TrialResult]:
    """Return the results of a recorded table; a torn last line is left out."""
    if not path.exists():
        return []
    results = []
    for line in path.read_text().splitlines()[1:]:
        try:
            results.append(TrialResult.from_dict(json.loads(line)))
        except json.JSONDecodeError:
            continue
    return results


def _folds(dataset: Dataset, options: RecordOptions) -> FoldPlan:
    part = assign_rows(strata(dataset), options.folds, generator(options.seed, "folds"))
    folds = tuple(
        Fold(np.flatnonzero(part != number), np.flatnonzero(part == number))
        for number in range(options.folds)
    )
    return FoldPlan(folds, f"{options.folds} folds")


def _classes(index: pd.DataFrame) -> "pd.Series[float]":
    """Return about how many scores a row needs: the classes of a multiclass set."""
    listed = index["positive_rate_or_classes"].astype(str).str.count("[,;:]").clip(lower=1)
    return listed.where(index["task"] == "multiclass", 1).astype(float)
