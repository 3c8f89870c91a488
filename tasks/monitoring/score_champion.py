"""Score the champion on recent labelled rows, and measure drift."""

from dataclasses import dataclass

import numpy as np

from espalier.infra.registry.model_files import load
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.registry.training_facts import training_facts
from espalier.infra.settings import Settings
from espalier.infra.tracking.training_rows import read_training_rows
from espalier.pipelines.data.assemble import group_codes, read_row_weights
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.decimal_signs import NOTES
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.retraining.live_score import LiveScore, labelled_rows, score_live
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import FORECAST
from espalier.pipelines.requests.monitor import MonitorRequest
from espalier.tasks.monitoring.measure_drift import TableComparison, compare_tables, new_rows
from espalier.tasks.monitoring.recent_rows import recent_rows
from espalier.tasks.monitoring.score_forecast import score_forecast
from espalier.tasks.policies import MINUTES, retried_task

SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringResult:
    """Score and drift measured on recent rows.

    Attributes
    ----------
    score : LiveScore or None
        Score of the champion; None if too few rows are labelled.
    comparison : TableComparison
        Drift since training.
    n_rows, n_new, n_labelled : int
        Number of rows, of those that the training did not have, and of those among them that were
        scored.
    notes : tuple of str
        Remarks about the rows that were left out or weighted.
    """

    score: LiveScore | None
    comparison: TableComparison
    n_rows: int
    n_new: int
    n_labelled: int
    notes: tuple[str, ...] = ()


@retried_task(
    name="score champion",
    description="Score the champion on recent labelled rows, and measure drift.",
    tags=["espalier", "serving"],
    timeout_seconds=60 * MINUTES,
)
def score_champion(
    request: MonitorRequest, champion: RegisteredVersion, settings: Settings
) -> MonitoringResult:
    """Score the champion and measure drift on the rows of ``request``.

    Raises
    ------
    UserError
        The data cannot be read or lack columns that the model needs, or the model has no hold-out
        score on record.
    """
    if champion.tags.get("task") == FORECAST:
        return _score_forecast(request, champion, settings)
    model = load(champion, settings).model
    raw = recent_rows(request, champion, model, settings)
    table = with_unique_names(raw)
    kept = None if champion.run_id is None else read_training_rows(settings, champion.run_id)
    is_new = new_rows(table, kept)
    notes: list[str] = list(raw.attrs.get(NOTES, ()))
    if is_new is None:
        is_new = np.ones(len(table), dtype=bool)
        notes.append("which rows the training had cannot be told; all are taken as new")
    elif not is_new.all():
        notes.append(f"{int((~is_new).sum()):,} rows were in the training's table: left out")
    recent = table.iloc[np.flatnonzero(is_new)].reset_index(drop=True)
    score, n_labelled = None, 0
    if len(recent) and model.target in recent.columns:
        labelled = labelled_rows(recent[model.target], model.classes)
        n_labelled = len(labelled.rows)
        if labelled.n_unknown:
            notes.append(f"{labelled.n_unknown:,} rows are of a class that the model does not know")
        if n_labelled:
            n_classes = _n_classes(model.classes)
            metric = get_metric(champion.tags.get("metric"), model.problem, n_classes)
            rows = recent.iloc[labelled.rows].reset_index(drop=True)
            facts = training_facts(champion, settings)
            weighed_by = None if facts is None else facts.weight_column
            weight = None
            if weighed_by in rows:
                weight = read_row_weights(rows[weighed_by])
            elif weighed_by is not None:
                notes.append(f"all rows count alike: there is no column {weighed_by!r}")
            grouped_by = None if facts is None else facts.group_column
            groups = None
            if grouped_by in rows:
                groups = group_codes(rows[grouped_by])
            elif grouped_by is not None:
                notes.append(
                    f"rows are taken as independent: there is no column {grouped_by!r}; the score "
                    "is less sure than it says"
                )
            score = score_live(
                metric,
                labelled.y,
                model.predict_for_metric(rows, metric),
                before=_figure(champion, "holdout_score"),
                before_interval=(
                    _figure(champion, "holdout_low"),
                    _figure(champion, "holdout_high"),
                ),
                sample_weight=weight,
                groups=groups,
                seed=SEED,
            )
    return MonitoringResult(
        score=score,
        comparison=compare_tables(table, champion, settings, SEED),
        n_rows=len(table),
        n_new=len(recent),
        n_labelled=n_labelled,
        notes=tuple(notes),
    )


def _score_forecast(
    request: MonitorRequest, champion: RegisteredVersion, settings: Settings
) -> MonitoringResult:
    """Score a forecast on the values that have come since its training."""
    seen = score_forecast(
        request,
        champion,
        settings,
        before=_figure(champion, "holdout_score"),
        before_interval=(_figure(champion, "holdout_low"), _figure(champion, "holdout_high")),
        seed=SEED,
    )
    return MonitoringResult(
        score=seen.score,
        comparison=TableComparison(drift=None),
        n_rows=seen.n_rows,
        n_new=seen.n_new,
        n_labelled=seen.n_scored,
        notes=seen.notes,
    )


def _n_classes(classes: "np.ndarray[tuple[int], np.dtype[np.generic]] | None") -> int:
    return 1 if classes is None else len(classes)


def _figure(version: RegisteredVersion, name: str) -> float:
    try:
        return float(version.tags[name])
    except (KeyError, ValueError):
        raise UserError(
            f"model {version.name}/{version.version} has no {name.replace('_', ' ')} on record; "
            "it was not registered by a training; train the model again"
        ) from None
