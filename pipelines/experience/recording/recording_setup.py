"""A table of a folder made ready to record trials on: rows capped, folds planned, profiled."""

from dataclasses import dataclass
from pathlib import Path

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
from espalier.pipelines.experience.recording.record import KnownDataset
from espalier.pipelines.experience.recording.space_alignment import space_of
from espalier.pipelines.metafeatures.profile import profile
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.seeds import generator
from espalier.pipelines.space.joint import SearchSpace

INDEX_FILE = "index.csv"
TASKS = ("binary", "multiclass", "regression")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """A line of a folder's index.

    Attributes
    ----------
    name, task, target : str
        As the index says.
    path : Path
        The table's file.
    """

    name: str
    task: str
    target: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRules:
    """How every table of a build is treated.

    Attributes
    ----------
    rows : int
        Rows of a table at most, drawn in strata.
    n_folds : int
        Folds of the cross-validation.
    seed : int
        Draws rows and folds.
    """

    rows: int
    n_folds: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSetup:
    """A dataset made ready, with its space.

    Attributes
    ----------
    dataset : KnownDataset
        What records will say of it.
    context : EvaluationContext
        What trials need.
    space : SearchSpace
        Every family that can handle it.
    """

    dataset: KnownDataset
    context: EvaluationContext
    space: SearchSpace


def read_index(folder: Path, tables: tuple[str, ...] = ()) -> tuple[TableEntry, ...]:
    """Return the tables of a folder, the smallest file first; those of other tasks are left out.

    Parameters
    ----------
    folder : Path
        With ``index.csv`` (columns ``name``, ``task``, ``target``) and a file ``<name>.*`` a table.
    tables : tuple of str
        Names of the only ones wanted; empty for all.

    Raises
    ------
    UserError
        There is no index, it lacks a column, or a table that is wanted is not there.
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
    for name, task, target in index[["name", "task", "target"]].itertuples(index=False):
        if task not in TASKS or (tables and name not in tables):
            continue
        files = sorted(each for each in folder.iterdir() if each.stem == name)
        if not files:
            raise UserError(f"{str(folder)!r} has no file {name}.*, which its index lists")
        found.append(TableEntry(name=name, task=task, target=target, path=files[0]))
    if not found:
        raise UserError(f"{str(path)!r} lists no table of the tasks {', '.join(TASKS)}")
    return tuple(sorted(found, key=lambda each: each.path.stat().st_size))


def make_recording_setup(
    table: pd.DataFrame, entry: TableEntry, rules: RecordingRules, *, fingerprint: str
) -> RecordingSetup:
    """Return a table made ready.

    Meta-features are of the whole table, as a training on it would measure them.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        As it was read.
    entry : TableEntry
        Its line of the index.
    rules : RecordingRules
        Rows, folds, seed.
    fingerprint : str
        Of the table.

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
    """Return the positions of the rows that are left, and of the ``rules.rows`` that are drawn.

    ``whole`` has more rows than that.
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
