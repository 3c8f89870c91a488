"""Reproduce a registered model from its record, and compare the two."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd

from espalier.infra.access.origin import asked_by, current_origin, recorded_origin
from espalier.infra.registry.model_files import load, require_openable
from espalier.infra.registry.model_runs import ModelRun, run_behind
from espalier.infra.registry.registry import resolve
from espalier.infra.runs.notes import FOLDS, PIXELS, REQUEST
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.infra.tables.sources import read_table
from espalier.infra.tracking.artifacts import read_json_file
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.errors import UserError
from espalier.pipelines.evaluation.executors.process_executor import ProcessExecutor
from espalier.pipelines.images.pixels import kept_side
from espalier.pipelines.lifecycle.reproduction import (
    Agreement,
    Reproduction,
    compare_arrays,
    reproduce,
    worst,
)
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.trials.trial import TrialResult
from espalier.tasks.data.inherit_winners import read_inheritance
from espalier.tasks.data.prepare_dataset import prepare_dataset
from espalier.tasks.ensemble.member_records import MEMBERS_FILE, VERSIONS_FILE, environment_versions
from espalier.tasks.ensemble.register_ensemble import LEARNT_ALL
from espalier.tasks.pickles import read_pickle, write_pickle
from espalier.tasks.records import NOTHING_INHERITED, PreparedData, TableRef, TrainingRun
from espalier.tasks.search.open_run import REQUEST_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproducedModel:
    """Comparison of a registered model with its reproduction.

    Attributes
    ----------
    model : str
        ``NAME/VERSION``.
    metric : str
        Metric of the scores.
    holdout_score, holdout_score_now : float
        Scores of the registered and of the reproduced model on the hold-out.
    learnt_all : bool
        Whether both have learnt from the hold-out, so that the scores say only whether they agree.
    holdout : Agreement
        Agreement of the two hold-out scores.
    made : Reproduction
        Comparison of members and predictions.
    was_timed : bool
        Whether trials had time limits, which may have stopped boosting early.
    same_rows : bool
        Whether preparation gives the same rows, columns and folds as in the training.
    data : str
        Where the table was read from.
    changed : tuple of (package, then, now)
        Package versions that differ; None if a package is not installed.
    """

    model: str
    metric: str
    holdout_score: float
    holdout_score_now: float
    holdout: Agreement
    made: Reproduction
    learnt_all: bool
    was_timed: bool
    same_rows: bool
    data: str
    changed: tuple[tuple[str, str | None, str | None], ...]

    @property
    def agreement(self) -> Agreement:
        """The worst agreement of all comparisons."""
        return worst([self.holdout, self.made.agreement])


@dataclass(frozen=True, slots=True)
class _Record:
    """The record of a training."""

    request: TrainRequest
    members: tuple[TrialResult, ...]
    n_threads: int
    n_folds: int
    rows: str
    versions: dict[str, str]
    learnt_all: bool = False


def verify_model(
    spec: str, settings: Settings, *, data: str | None = None, query: str | None = None
) -> ReproducedModel:
    """Reproduce a registered model: evaluate and refit its members again, and compare.

    Parameters
    ----------
    spec : str
        ``NAME``, ``NAME@alias`` or ``NAME/VERSION``.
    settings : Settings
        Settings that name the stores.
    data, query : str or None
        Source of the table if the run folder is gone; None for the source of the training.

    Raises
    ------
    UserError
        There is no such model, its training is not on record, or its table is gone or changed.
    """
    run = run_behind(resolve(spec, settings), settings)
    require_openable(run.version, settings)
    record = _recorded(run, settings)
    table, where = _table(run, record.request, data=data, query=query)
    model = load(run.version, settings).model
    known = {each.trial.number: each for each in record.members}
    results = [known[member.number] for member in model.members]
    if any(each.trial.variant is not None and each.trial.variant.is_distilled for each in results):
        raise UserError(
            f"model {run.shown} was distilled from an ensemble whose answers are not on record, so "
            "it cannot be made again alone; train it again with the same seed"
        )
    with tempfile.TemporaryDirectory(prefix="espalier-verify-") as scratch:
        ref = TableRef.of(table, run.fingerprint, Path(scratch))
        write_pickle(table, ref.path)
        RunStore(ref.folder).note(FOLDS, record.n_folds)
        RunStore(ref.folder).note(PIXELS, kept_side(model.preparation))
        again = TrainingRun(request=record.request, table=ref, tracking=Tracking(settings))
        inherited = read_inheritance.fn(again) if record.request.start_from else NOTHING_INHERITED
        prepared = prepare_dataset.fn(again, inherited)
        data_again: PreparedData = read_pickle(prepared.path)
    metric = data_again.metric
    context = data_again.context(n_threads=record.n_threads, fold_models=None, memory_limit_mb=None)
    n_workers = min(settings.worker_count, len(results))
    with ExitStack() as stack:
        executor = stack.enter_context(ProcessExecutor(context, n_workers))
        on_all = None
        if record.learnt_all:
            assert data_again.all_rows is not None  # the request asks for them
            more = replace(context, dataset=data_again.all_rows)
            on_all = stack.enter_context(ProcessExecutor(more, n_workers))
        made = reproduce(
            model,
            results,
            executor,
            preparation=data_again.preparation,
            holdout_rows=data_again.holdout_rows,
            folds=data_again.folds,
            on_all=on_all,
        )
    y, weight = data_again.holdout_y, data_again.holdout_weight
    predictions = model.predict_for_metric(data_again.holdout_rows, metric)
    before = score_predictions(metric, y, predictions, weight)
    now = score_predictions(metric, y, model.for_metric(made.scores, metric), weight)
    return ReproducedModel(
        model=run.shown,
        metric=prepared.metric,
        holdout_score=before,
        holdout_score_now=now,
        holdout=compare_arrays([before], [now]),
        made=made,
        learnt_all=record.learnt_all,
        was_timed=any(each.trial.seconds_limit is not None for each in results),
        same_rows=record.rows in ("", prepared.digest),
        data=where,
        changed=_changes(record.versions),
    )


def _table(
    run: ModelRun, request: TrainRequest, *, data: str | None, query: str | None
) -> tuple[pd.DataFrame, str]:
    """Return the training table, from the run folder or its source, and where it was read."""
    if run.folder is not None and data is None and TableRef.path_in(run.folder).exists():
        table: pd.DataFrame = read_pickle(TableRef.path_in(run.folder))
        where = f"the run folder {run.folder.name}"
    else:
        source = data or request.data
        with asked_by(current_origin() if data else recorded_origin(run.asked_by)):
            table = read_table(
                source,
                query=query or request.query,
                target=request.target,
                image_root=request.image_root,
            )
        where = request.shown_data if data is None else data
    if fingerprint(table) != run.fingerprint:
        raise UserError(
            f"the table in {where} is not the one that model {run.shown} was trained on "
            f"(fingerprint {fingerprint(table)}, then {run.fingerprint}); name the old one "
            "with --data"
        )
    return table, where


def _recorded(run: ModelRun, settings: Settings) -> _Record:
    """Return the record of a training, from the run folder or MLflow."""
    request = None if run.folder is None else RunStore(run.folder).noted(REQUEST)
    members = read_json_file(settings, run.run_id, MEMBERS_FILE)
    request = request or read_json_file(settings, run.run_id, REQUEST_FILE)
    if request is None or members is None:
        raise UserError(
            f"it is not on record how model {run.shown} was made, as an older version of Espalier "
            "made it; train it again"
        )
    return _Record(
        request=TrainRequest.parse(request),
        members=tuple(TrialResult.from_dict(each) for each in members["members"]),
        n_threads=int(members["n_threads"]),
        n_folds=int(members.get("n_folds", 0)),
        rows=str(members["rows"]),
        learnt_all=LEARNT_ALL in run.version.tags,
        versions=read_json_file(settings, run.run_id, VERSIONS_FILE) or {},
    )


def _changes(versions: dict[str, str]) -> tuple[tuple[str, str | None, str | None], ...]:
    """Return the package versions that differ from the recorded ones."""
    now = environment_versions()
    changed = []
    for name, then in versions.items():
        here = now.get(name) or _installed(name)
        if here != then:
            changed.append((name, then, here))
    return tuple(changed)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
