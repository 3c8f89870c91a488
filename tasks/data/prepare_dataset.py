"""Prepare the table: column roles, leakage checks, hold-out and folds."""

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd

from espalier.infra.runs.notes import FOLDS, PIXELS
from espalier.pipelines.automl.frozen_features import FrozenFeatures
from espalier.pipelines.automl.training_data import (
    draw_folds,
    families_of,
    fold_count,
    weights_unused,
)
from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.dataset import Dataset, DatasetShape
from espalier.pipelines.data.leakage import count_duplicates, scan_leakage
from espalier.pipelines.data.splitting.folds import FoldPlan
from espalier.pipelines.data.splitting.splits import most_folds
from espalier.pipelines.errors import UserError
from espalier.pipelines.images.near_duplicates import near_duplicates
from espalier.pipelines.images.pixels import kept_side
from espalier.pipelines.learners.registry import reads_pixels_alone, uses_networks
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.resources.budget import Deadline
from espalier.tasks.data.split_rows import split_rows
from espalier.tasks.pickles import read_pickle, write_pickle
from espalier.tasks.policies import MINUTES, kept_task
from espalier.tasks.records import (
    NO_PICTURES,
    NOTHING_INHERITED,
    InheritedTraining,
    PicturesRecord,
    PreparedData,
    PreparedRef,
    TrainingRun,
)

EXAMPLE_ROWS = 5
NEAR_SHARE = 0.03
"""Share of the time budget for comparing pictures across the split."""


@kept_task(
    name="prepare",
    description="Find the roles of columns, act on leakage, take off the hold-out, plan the folds.",
    tags=["espalier", "data"],
    timeout_seconds=60 * MINUTES,
)
def prepare_dataset(
    run: TrainingRun,
    inherited: InheritedTraining = NOTHING_INHERITED,
    n_workers: int = 1,
    pictures: PicturesRecord = NO_PICTURES,
) -> PreparedRef:
    """Prepare the data and write them into the run folder; return a reference.

    Parameters
    ----------
    run : TrainingRun
        The training run with its request and table.
    inherited : InheritedTraining
        Best configurations and hold-out of earlier versions.
    n_workers : int
        Number of trials that will run at the same time; the default number of folds depends on it.
    pictures : PicturesRecord
        The columns that hold pictures, whose vectors are in the store.

    Raises
    ------
    UserError
        The target cannot be learned, or no feature is left.
    """
    request, settings = run.request, run.settings
    if request.is_forecast:
        from espalier.tasks.data.series.prepare_series import prepare_series

        return prepare_series(run)
    table: pd.DataFrame = read_pickle(run.table.path)
    assembled = assemble(
        table,
        target=request.target,
        task=request.task,
        exclude=request.exclude,
        group_column=request.group_column,
        time_column=request.time_column,
        weight_column=request.weight_column,
        frozen=FrozenFeatures(
            image_columns=pictures.columns,
            image_look=pictures.look,
            glance=reads_pixels_alone(settings.families),
            known_only=pictures.n_unread > 0,
            seconds=request.budget.seconds,
            meanings=request.portable is None,
            bad_files=request.bad_files,
            pixel_side=_pixel_side(run),
        ),
    )
    if run.store.noted(PIXELS) is None:
        run.store.note(PIXELS, kept_side(assembled.preparation))
    dataset, preparation = assembled.dataset, assembled.preparation
    metric = get_metric(request.metric, dataset.problem, dataset.n_classes)

    findings = scan_leakage(dataset, request.seed)
    leaking = {each.column: each.reason for each in findings if each.action == "drop"}
    if leaking:
        left = [name for name in dataset.X.columns if name not in leaking]
        if not left:
            raise UserError(
                f"no feature is left in {request.shown_data}: {next(iter(leaking.values()))}"
            )
        preparation = preparation.without(tuple(leaking), "the target in disguise")
        dataset = replace(
            dataset, X=dataset.X[left], roles={name: dataset.roles[name] for name in left}
        )

    whole = replace(assembled, dataset=dataset)
    search_rows, holdout_rows, kept = split_rows(table, whole, request.seed, inherited)
    search, holdout = dataset.take(search_rows), dataset.take(holdout_rows)
    n_folds, are_kept = _fold_count(run, search, n_workers)
    folds = draw_folds(search, settings, n_folds)
    raw = table.iloc[assembled.rows]
    learners = families_of(search, settings)
    write_pickle(
        PreparedData(
            search=search,
            preparation=preparation,
            metric=metric,
            learners=learners,
            folds=folds,
            n_holdout=len(holdout),
            target=request.target,
            example_rows=preparation.carried(
                raw.iloc[search_rows[:EXAMPLE_ROWS]].reset_index(drop=True)
            ),
            holdout_y=holdout.y,
            holdout_weight=holdout.sample_weight,
            holdout_groups=holdout.groups,
            holdout_rows=raw.iloc[holdout_rows].reset_index(drop=True),
            search_positions=assembled.rows[search_rows],
            holdout_positions=assembled.rows[holdout_rows],
            all_rows=dataset.take(np.concatenate([search_rows, holdout_rows]))
            if request.refit_on_all
            else None,
        ),
        run.table.prepared_path,
    )

    notes = [
        *pictures.notes,
        *assembled.notes,
        *kept,
        *_fewer_folds(search.shape, n_folds, request, are_kept),
    ]
    warnings = [*pictures.warnings]
    suspects = tuple((each.column, each.reason) for each in findings if each.action == "warn")
    warnings += [f"{column!r}: {why}" for column, why in suspects]
    warnings += [f"{column!r} is left out: {why}" for column, why in leaking.items()]
    warnings += weights_unused(learners, search)
    twins = count_duplicates(dataset, search_rows, holdout_rows)
    if twins:
        warnings.append(f"{twins:,} hold-out rows are also among the search rows, word for word")
    if pictures.columns:
        seconds = request.budget.seconds
        alike = near_duplicates(
            raw,
            dataset,
            preparation,
            search_rows,
            holdout_rows,
            deadline=Deadline.after(None if seconds is None else NEAR_SHARE * seconds),
        )
        warnings += [str(each) for each in alike]
    return PreparedRef(
        path=run.table.prepared_path,
        metric=metric.name,
        shape=search.shape,
        n_holdout=len(holdout),
        n_folds=len(folds),
        folds=folds.description,
        digest=_digest(search, folds),
        notes=tuple(notes),
        warnings=tuple(warnings),
        set_aside=tuple((each.name, each.reason) for each in preparation.dropped),
        bad_files=pictures.bad_files,
        suspects=suspects,
        repeated=twins,
    )


def _pixel_side(run: TrainingRun) -> int | None:
    """Return the side of the pixels for networks: that on record, or None for what time allows.

    Trials on record (of this run, or of the one it extends) have seen what is on record.
    """
    noted: int | None = run.store.noted(PIXELS)
    settings = run.settings
    if noted is None and (
        settings.portable is not None
        or not uses_networks(settings.families, interpretable=settings.interpretable)
    ):
        return 0
    return noted


def _fold_count(run: TrainingRun, search: Dataset, n_workers: int) -> tuple[int | None, bool]:
    """Return the number of folds, and whether it was already on record.

    None means the default for the number of rows. A number on record is kept, as the recorded
    trials (of this run, or of the one it extends) were scored on as many folds.
    """
    noted: int | None = run.store.noted(FOLDS)
    is_known = noted is not None
    if noted is None:
        noted = fold_count(search, run.settings, n_workers)
        run.store.note(FOLDS, noted)
    return noted or None, is_known


def _fewer_folds(
    shape: DatasetShape, n_folds: int | None, request: TrainRequest, are_kept: bool
) -> tuple[str, ...]:
    """Return a note if there are fewer folds than the default for the number of rows."""
    most = most_folds(shape.n_rows, shape.n_columns)
    if n_folds is None or request.folds is not None or n_folds >= most:
        return ()
    shown = "one split scores" if n_folds == 1 else f"{n_folds} folds score"
    if are_kept:
        return (f"{shown} a trial instead of {most} folds, as those that are on record",)
    return (
        f"{shown} a trial instead of {most} folds, so that there is time for enough trials; "
        f"give more time, or --folds {most}",
    )


def _digest(search: Dataset, folds: FoldPlan) -> str:
    """Return a digest (16 hex digits) of roles, target, folds and weights.

    Scores are comparable only if their digests are equal.
    """
    digest = hashlib.blake2b(digest_size=8)
    digest.update(repr([(name, str(role)) for name, role in search.roles.items()]).encode())
    for values in (search.y, *(part for fold in folds for part in (fold.train, fold.valid))):
        digest.update(np.ascontiguousarray(values).view(np.uint8).data)
    if search.sample_weight is not None:
        digest.update(np.ascontiguousarray(search.sample_weight).view(np.uint8).data)
    return digest.hexdigest()
