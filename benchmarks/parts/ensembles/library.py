"""Libraries of trials to compare combiners on: made once for each table and outer fold, then read.

A library is a folder ``<table>-<fold>`` with ``trials.jsonl`` (one `TrialResult` a line) and
``arrays.npz``: predictions of the training rows out of fold, and of the test rows by each trial's
fold models (averaged) and by its refit to all training rows. Training rows are a part of the
table, so that a test fold can be larger than they are.
"""

import json
import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.splitting.splits import plan_folds, split_holdout
from espalier.pipelines.data.splitting.strata import assign_rows, strata
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.evaluate import evaluate_trial, fit_member
from espalier.pipelines.finishing.refit import member_job
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import generator, integer_seed
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialResult

TASKS = ("binary", "multiclass", "regression")
OUTER_FOLDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryOptions:
    """How a library is made.

    Attributes
    ----------
    rows : int
        Rows of a table at most, drawn in strata; a third of them are test rows.
    trials : int
        Configurations: the default of each family, then random ones, families in turn.
    seconds : float
        Limit of one trial, all folds together; of a refit as well.
    seed : int
        Of rows, folds and configurations.
    families : tuple of str
        To draw from; all where there is none.
    """

    rows: int = 3_000
    trials: int = 24
    seconds: float = 30.0
    seed: int = 0
    families: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedLibrary:
    """A library, read back.

    Attributes
    ----------
    train, test : Dataset
        The rows of the outer fold.
    results : tuple of TrialResult
        The trials that have predictions.
    out_of_fold, bagged, refitted : dict of int to array
        Predictions by trial number: of the training rows, and of the test rows by fold models and
        by refits.
    row_ms : dict of int to float
        CPU milliseconds that a refit takes for one prepared row.
    """

    train: Dataset
    test: Dataset
    results: tuple[TrialResult, ...]
    out_of_fold: dict[int, NDArray[Any]]
    bagged: dict[int, NDArray[Any]]
    refitted: dict[int, NDArray[Any]]
    row_ms: dict[int, float]


class _Collector:
    """Takes the place of `FoldModels`: keeps the models of the trial that is running."""

    def __init__(self) -> None:
        self.candidates: tuple[Candidate, ...] = ()

    def wants(self, _size_mb: float | None) -> bool:
        return True

    def keep(self, _trial: Trial, candidates: Sequence[Candidate], *, gain: float) -> None:
        del gain
        self.candidates = tuple(candidates)


def read_index(folder: Path, tables: str = "") -> pd.DataFrame:
    """Return the tables to use, those with the fewest cells first."""
    index = pd.read_csv(folder / "index.csv")
    index = index[index["task"].isin(TASKS)]
    if tables:
        index = index[index["name"].isin(tables.split(","))]
    classes = index["positive_rate_or_classes"].astype(str).str.extract(r"^(\d+) classes")[0]
    cost = index["rows"].clip(upper=1_500) * index["features"] * classes.astype(float).fillna(1)
    return index.assign(cost=cost).sort_values("cost", kind="stable")


def make_library(folder: Path, out: Path, name: str, fold: int, options: LibraryOptions) -> bool:
    """Make one library unless it is there; return whether it was made."""
    place = out / f"{name}-{fold}"
    if (place / "arrays.npz").exists():
        return False
    train, test = _parts(folder, name, fold, options)
    learners = choose_learners(options.families or None, train.shape)
    collector: Any = _Collector()
    context = EvaluationContext(
        dataset=train,
        folds=plan_folds(train, seed=integer_seed(options.seed, "folds")),
        metric=get_metric(None, train.problem, train.n_classes),
        learners=learners,
        fold_models=collector,
    )
    results: list[TrialResult] = []
    arrays: dict[str, NDArray[Any]] = {}
    for number, configuration in enumerate(
        _configurations(SearchSpace(learners, train.shape), options)
    ):
        trial = Trial(
            number=number,
            configuration=configuration,
            seed=integer_seed(options.seed, "trial", number),
            seconds_limit=options.seconds,
        )
        outcome = evaluate_trial(trial, context)
        if outcome.predictions is None:
            continue
        try:
            refit = fit_member(
                member_job(outcome.result), context, deadline=Deadline.after(options.seconds)
            )
        except Exception as problem:
            print(f"  {name}-{fold}: refit of trial {number} failed: {problem}", flush=True)
            continue
        bag = [each.predict_scores(test.X).astype(np.float64) for each in collector.candidates]
        results.append(outcome.result)
        arrays[f"oof_{number}"] = outcome.predictions
        arrays[f"bag_{number}"] = np.mean(bag, axis=0).astype(np.float32)
        arrays[f"refit_{number}"] = refit.predict_scores(test.X)
        arrays[f"ms_{number}"] = np.asarray(_row_ms(refit, test.X))
    if not results:
        raise RuntimeError("no trial succeeded")
    place.mkdir(parents=True, exist_ok=True)
    with (place / "data.pickle").open("wb") as file:
        pickle.dump((train, test), file)
    lines = [json.dumps(each.to_dict()) for each in results]
    (place / "trials.jsonl").write_text("\n".join(lines) + "\n")
    partial = place / "partial.npz"
    np.savez_compressed(partial, **arrays)
    partial.replace(place / "arrays.npz")
    return True


def metric_of(dataset: Dataset, which: str) -> Metric:
    """Return the metric of a table: its default one, or its loss."""
    loss = "log_loss" if dataset.problem.is_classification else "rmse"
    name = loss if which == "loss" else None
    return get_metric(name, dataset.problem, dataset.n_classes)


def read_library(place: Path, which: str) -> RecordedLibrary:
    """Return what `make_library` left, the trials scored out of fold by one of `metric_of`."""
    with (place / "data.pickle").open("rb") as file:
        train, test = pickle.load(file)
    chosen = metric_of(train, which)
    lines = (place / "trials.jsonl").read_text().splitlines()
    stored = np.load(place / "arrays.npz")
    arrays = {key: stored[key] for key in stored.files}
    results = []
    for line in lines:
        result = TrialResult.from_dict(json.loads(line))
        values = arrays[f"oof_{result.trial.number}"]
        seen = np.isfinite(values.reshape(len(train), -1)).all(axis=1)
        weight = None if train.sample_weight is None else train.sample_weight[seen]
        score = score_predictions(chosen, train.y[seen], values[seen], weight)
        results.append(replace(result, score=float(score)))
    numbers = [each.trial.number for each in results]
    return RecordedLibrary(
        train=train,
        test=test,
        results=tuple(results),
        out_of_fold={number: arrays[f"oof_{number}"] for number in numbers},
        bagged={number: arrays[f"bag_{number}"] for number in numbers},
        refitted={number: arrays[f"refit_{number}"] for number in numbers},
        row_ms={number: float(arrays[f"ms_{number}"]) for number in numbers},
    )


def _row_ms(candidate: Candidate, X: pd.DataFrame) -> float:
    """Return the median milliseconds of CPU that a model takes for one row."""
    seconds = []
    for position in range(6):
        row = X.iloc[[position % len(X)]]
        before = time.process_time()  # the machine may be busy with something else
        candidate.predict_scores(row)
        seconds.append(time.process_time() - before)
    return 1000.0 * float(np.median(seconds[1:]))


def _parts(folder: Path, name: str, fold: int, options: LibraryOptions) -> tuple[Dataset, Dataset]:
    """Return the training and the test rows of an outer fold."""
    row = read_index(folder).set_index("name").loc[name]
    table = pd.read_parquet(folder / f"{name}.parquet")
    dataset = assemble(table, target=row["target"], task=row["task"]).dataset
    if len(dataset) > options.rows:
        fraction = options.rows / len(dataset)
        dataset = dataset.take(split_holdout(dataset, fraction=fraction, seed=options.seed)[1])
    part = assign_rows(strata(dataset), OUTER_FOLDS, generator(options.seed, "outer"))
    return dataset.take(np.flatnonzero(part != fold)), dataset.take(np.flatnonzero(part == fold))


def _configurations(space: SearchSpace, options: LibraryOptions) -> list[Configuration]:
    found = [space.default(family) for family in space.families]
    rng = generator(options.seed, "library")
    place = 0
    while len(found) < options.trials:
        family = space.families[place % len(space.families)]
        drawn = space.sample_family(family, 1, rng)[0]
        if drawn not in found:
            found.append(drawn)
        place += 1
    return found[: options.trials]
