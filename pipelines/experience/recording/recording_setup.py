"""Prepare a table for recording trials: sample rows, plan folds, measure meta-features."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.splitting.folds import Fold, FoldPlan
from espalier.pipelines.data.splitting.splits import split_holdout
from espalier.pipelines.data.splitting.strata import assign_rows, strata
from espalier.pipelines.errors import UserError
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.forecast_context import ForecastContext
from espalier.pipelines.experience.recording.record import KnownDataset
from espalier.pipelines.experience.recording.space_alignment import space_of
from espalier.pipelines.metafeatures.profile import profile
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import FORECAST
from espalier.pipelines.seeds import generator
from espalier.pipelines.space.joint import SearchSpace

INDEX_FILE = "index.csv"
TASKS = ("binary", "multiclass", "regression")
# Of a table of series, whose task is `FORECAST`, the index also names the horizon.
HORIZON, WINDOWS, KNOWN = "horizon", "test_windows", "known_covariates"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """A row of the index of a folder of tables.

    Attributes
    ----------
    name, task, target : str
        Entries of the index.
    path : Path
        The table's file.
    horizon : int or None
        Of a table of series: the steps to forecast.
    test_windows : int
        Of a table of series: horizons at the end of each that are left out.
    known_covariates : tuple of str
        Of a table of series: columns whose future is known.
    """

    name: str
    task: str
    target: str
    path: Path
    horizon: int | None = None
    test_windows: int = 0
    known_covariates: tuple[str, ...] = ()

    @property
    def is_of_series(self) -> bool:
        """Whether it is a table of series to forecast."""
        return self.horizon is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRules:
    """Settings for every table of a build of experience.

    Attributes
    ----------
    rows : int
        Largest number of rows; larger tables are reduced to a stratified sample.
    n_folds : int
        Number of folds of the cross-validation.
    seed : int
        Seed of the sample of rows and of the folds.
    """

    rows: int
    n_folds: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSetup:
    """A dataset prepared for recording, with its search space.

    Attributes
    ----------
    dataset : KnownDataset
        The description for its records.
    context : EvaluationContext or ForecastContext
        The data and settings that trials need.
    space : SearchSpace
        Search space with every family that can handle the dataset.
    """

    dataset: KnownDataset
    context: EvaluationContext | ForecastContext
    space: SearchSpace


def read_index(folder: Path, tables: tuple[str, ...] = ()) -> tuple[TableEntry, ...]:
    """Return the index entries of a folder, smallest file first, without unsupported tasks.

    Parameters
    ----------
    folder : Path
        Folder with ``index.csv`` (columns ``name``, ``task``, ``target``; for series, whose task is
        ``forecast``, also ``horizon``, and ``test_windows`` and ``known_covariates`` where there
        are some) and one file ``<name>.*`` per table.
    tables : tuple of str
        Names of the tables to use; empty for all.

    Raises
    ------
    UserError
        There is no index, it lacks a column, or a table is missing.
    """
    path = folder / INDEX_FILE
    try:
        index = pd.read_csv(path, dtype=str)
    except FileNotFoundError:
        raise UserError(
            f"{str(folder)!r} has no {INDEX_FILE}; write one with the columns name, task, target"
        ) from None
    except (ValueError, OSError) as error:
        raise UserError(f"{str(path)!r} cannot be read as CSV: {error}") from None
    for column in ("name", "task", "target"):
        if column not in index.columns:
            raise UserError(f"{str(path)!r} lacks the column {column!r}; add it")
    unknown = [name for name in tables if name not in set(index["name"])]
    if unknown:
        raise UserError(f"{str(path)!r} lists no table {unknown[0]!r}; check its spelling")
    found = []
    for row in index.to_dict("records"):
        name, task, target = row["name"], row["task"], row["target"]
        of_series = _of_series(row) if task == FORECAST else {}
        if (task not in TASKS and not of_series) or (tables and name not in tables):
            continue
        files = sorted(each for each in folder.iterdir() if each.stem == name)
        if not files:
            raise UserError(f"{str(folder)!r} has no file {name}.*, which its index lists")
        found.append(TableEntry(name=name, task=task, target=target, path=files[0], **of_series))
    if not found:
        raise UserError(f"{str(path)!r} lists no table of the tasks {', '.join(TASKS)}")
    return tuple(sorted(found, key=lambda each: each.path.stat().st_size))


def _of_series(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what the index says of a table of series; nothing without a horizon."""
    if not str(row.get(HORIZON, "")).isdigit():
        return {}
    windows, known = str(row.get(WINDOWS, "")), row.get(KNOWN)
    return {
        "horizon": int(row[HORIZON]),
        "test_windows": int(windows) if windows.isdigit() else 0,
        "known_covariates": tuple(known.split(";")) if isinstance(known, str) else (),
    }


def make_recording_setup(
    table: pd.DataFrame, entry: TableEntry, rules: RecordingRules, *, fingerprint: str
) -> RecordingSetup:
    """Prepare a table for recording trials.

    Meta-features are measured on the whole table, as a training run on it would.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        The table as it was read.
    entry : TableEntry
        Its entry of the index.
    rules : RecordingRules
        Number of rows and folds, and the seed.
    fingerprint : str
        Fingerprint of the table.

    Raises
    ------
    UserError
        The target cannot be learned.
    """
    whole = assemble(table, target=entry.target, task=entry.task).dataset
    dataset = whole
    if len(whole) > rules.rows:
        dataset = whole.take(draw_rows(whole, rules)[1])
    metric = get_metric(None, dataset.problem, dataset.n_classes)
    shape = dataset.shape
    space = space_of(shape)
    known = KnownDataset(
        fingerprint=fingerprint,
        name=entry.name,
        target=entry.target,
        metric=metric.name,
        n_rows_whole=len(whole),
        shape=shape,
        rows_cap=rules.rows,
        n_folds=rules.n_folds,
        seed=rules.seed,
        meta=profile(whole, seed=rules.seed),
    )
    context = EvaluationContext(
        dataset=dataset, folds=_folds(dataset, rules), metric=metric, learners=space.learners
    )
    return RecordingSetup(dataset=known, context=context, space=space)


def draw_rows(whole: Dataset, rules: RecordingRules) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw ``rules.rows`` rows; return the positions of the others, and of those drawn.

    ``whole`` must have more rows than that.
    """
    return split_holdout(whole, fraction=rules.rows / len(whole), seed=rules.seed)


def _folds(dataset: Dataset, rules: RecordingRules) -> FoldPlan:
    rng = generator(rules.seed, "experience", "folds")
    part = assign_rows(strata(dataset), rules.n_folds, rng)
    folds = tuple(
        Fold(np.flatnonzero(part != number), np.flatnonzero(part == number))
        for number in range(rules.n_folds)
    )
    return FoldPlan(folds, f"{rules.n_folds} folds")
