"""Schema of the experience table: one row per trial, one column per variable.

Besides the columns below there is a column ``meta_<name>`` for each meta-feature. The version of
the schema is in the file's metadata; a file of an older version is migrated step by step
(`MIGRATIONS`).
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.recording.record import (
    ExperienceRecord,
    KnowledgeBase,
    KnownDataset,
    rank_quantiles,
    raw_gains,
)
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus

VERSION = 2
"""Version of the schema; increased when a column is added, removed or changes its meaning."""
VERSION_KEY = b"espalier.experience"
META = "meta_"

Migration = Callable[[pa.Table], pa.Table]
MIGRATIONS: Mapping[int, Migration] = {1: lambda table: _with_about(table)}
"""Functions by version; each converts a table of that version to the next version."""

SHAPE = (
    "n_rows",
    "n_columns",
    "n_categorical",
    "n_text",
    "n_datetime",
    "n_classes",
    "smallest_class",
)

COLUMNS: Mapping[str, pa.DataType] = {
    # the dataset
    "dataset": pa.string(),  # name, for people
    "fingerprint": pa.string(),
    "target": pa.string(),
    "task": pa.string(),
    "metric": pa.string(),
    "n_rows_whole": pa.int64(),
    **dict.fromkeys(SHAPE, pa.int64()),  # of the rows that the trials saw
    "has_missing": pa.bool_(),
    "rows_cap": pa.int64(),
    "n_folds": pa.int64(),
    "seed": pa.int64(),
    "meta_version": pa.int64(),
    "about": pa.list_(pa.float64()),  # vector of the user's words; empty without any
    # the configuration; encoded from its values and the dataset's shape
    "family": pa.string(),
    "values": pa.string(),  # JSON object, active hyperparameters
    "configuration": pa.string(),  # its digest
    # the trial
    "number": pa.int64(),
    "trial_seed": pa.int64(),
    "origin": pa.string(),
    "seconds_limit": pa.float64(),
    # what came of it
    "status": pa.string(),
    "error": pa.string(),  # type of the exception
    "fold_scores": pa.list_(pa.float64()),
    "score": pa.float64(),
    "score_std": pa.float64(),
    "quantile": pa.float64(),  # of the score within the dataset; 1 is best
    "seconds": pa.float64(),
    "fit_seconds": pa.float64(),
    "predict_ms_per_row": pa.float64(),
    "size_mb": pa.float64(),  # memory of one fold's fitted model
    "iterations": pa.list_(pa.int64()),
    # how
    "versions": pa.string(),  # JSON object, version by package
    "recorded_at": pa.string(),
}


def to_table(knowledge: KnowledgeBase) -> pa.Table:
    """Convert records to a table; quantiles are among all trials of a dataset in the records."""
    quantile: dict[tuple[str, str], float] = {}
    for group in knowledge.by_dataset.values():
        places = rank_quantiles(raw_gains(group))
        quantile |= dict(zip((each.key for each in group), places.tolist(), strict=True))
    rows = [_row(record, quantile[record.key]) for record in knowledge.records]
    names = dict.fromkeys(
        name for record in knowledge.records for name in record.dataset.meta.names
    )
    fields = [pa.field(name, kind) for name, kind in COLUMNS.items()]
    fields += [pa.field(META + name, pa.float64()) for name in names]
    schema = pa.schema(fields, metadata={VERSION_KEY: str(VERSION).encode()})
    return pa.Table.from_pylist(rows, schema=schema)


def from_table(table: pa.Table, *, where: str) -> KnowledgeBase:
    """Convert a table of the current version to records.

    Parameters
    ----------
    table : Table
        Table from `to_table` or `migrate`.
    where : str
        Name of its file, for error messages.

    Raises
    ------
    UserError
        A column is missing or of another type, or a row cannot be read.
    """
    for name, kind in COLUMNS.items():
        if name not in table.column_names:
            raise UserError(f"the experience in {where!r} lacks the column {name!r}; {_ADVICE}")
        found = table.schema.field(name).type
        if found != kind:
            raise UserError(
                f"column {name!r} of the experience in {where!r} is {found}, not {kind}; {_ADVICE}"
            )
    records = []
    datasets: dict[tuple[Any, ...], KnownDataset] = {}
    for place, row in enumerate(table.to_pylist()):
        try:
            records.append(_record(row, datasets))
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"row {place + 1} of the experience in {where!r} cannot be read "
                f"({type(error).__name__}: {error}); {_ADVICE}"
            ) from None
    return KnowledgeBase.of(records)


_ADVICE = "put its backup (.bak) in its place, or begin a new file"


def _with_about(table: pa.Table) -> pa.Table:
    """Migrate a table from version 1 to 2: add an empty column ``about``."""
    nothing = pa.array([[] for _ in range(table.num_rows)], type=COLUMNS["about"])
    return table.append_column("about", nothing)


def version_of(table: pa.Table, *, where: str) -> int:
    """Return the schema version of a table.

    Raises
    ------
    UserError
        It has no version, so it is not a file of experience.
    """
    text = (table.schema.metadata or {}).get(VERSION_KEY)
    if text is None or not text.isdigit():
        raise UserError(f"{where!r} is a Parquet file, but no experience of Espalier; name another")
    return int(text)


def migrate(
    table: pa.Table,
    *,
    where: str,
    steps: Mapping[int, Migration] = MIGRATIONS,
    to: int = VERSION,
) -> pa.Table:
    """Migrate a table to the schema of version ``to``.

    Raises
    ------
    UserError
        The table is of a newer version, or of one that cannot be migrated.
    """
    version = version_of(table, where=where)
    if version > to:
        raise UserError(
            f"{where!r} was written by a newer Espalier (experience of version {version}; this "
            f"one reads up to {to}); upgrade Espalier, or name another file"
        )
    while version < to:
        if version not in steps:
            raise UserError(
                f"{where!r} holds experience of version {version}, which this Espalier cannot "
                f"migrate to version {to}; open it with an older one, or begin a new file"
            )
        table = steps[version](table)
        version += 1
    return table.replace_schema_metadata({VERSION_KEY: str(to).encode()})


def _row(record: ExperienceRecord, quantile: float) -> dict[str, Any]:
    known, result, trial = record.dataset, record.result, record.result.trial
    return {
        "dataset": known.name,
        "fingerprint": known.fingerprint,
        "target": known.target,
        "task": str(known.problem),
        "metric": known.metric,
        "n_rows_whole": known.n_rows_whole,
        **{name: getattr(known.shape, name) for name in SHAPE},
        "has_missing": known.shape.has_missing,
        "rows_cap": known.rows_cap,
        "n_folds": known.n_folds,
        "seed": known.seed,
        "meta_version": known.meta.version,
        "about": list(known.about),
        "family": trial.configuration.family,
        "values": json.dumps(dict(trial.configuration), sort_keys=True),
        "configuration": trial.configuration.digest,
        "number": trial.number,
        "trial_seed": trial.seed,
        "origin": trial.origin,
        "seconds_limit": trial.seconds_limit,
        "status": str(result.status),
        "error": result.error,
        "fold_scores": list(result.fold_scores),
        "score": result.score,
        "score_std": result.score_std,
        "quantile": quantile,
        "seconds": result.seconds,
        "fit_seconds": result.fit_seconds,
        "predict_ms_per_row": result.predict_ms_per_row,
        "size_mb": result.size_mb,
        "iterations": list(result.iterations),
        "versions": json.dumps(dict(record.versions)),
        "recorded_at": record.recorded_at,
        **{META + name: value for name, value in known.meta.to_dict().items()},
    }


def _record(
    row: Mapping[str, Any], datasets: dict[tuple[Any, ...], KnownDataset]
) -> ExperienceRecord:
    # One object a dataset, however many trials it has.
    same = tuple(
        tuple(value) if isinstance(value, list) else value
        for name, value in row.items()
        if name in _OF_DATASET or name[:5] == META
    )
    if same not in datasets:
        datasets[same] = _dataset(row)
    configuration = Configuration.of(row["family"], json.loads(row["values"]))
    if configuration.digest != row["configuration"]:
        raise ValueError("the digest of the configuration does not fit its values")
    result = TrialResult(
        trial=Trial(
            number=row["number"],
            configuration=configuration,
            seed=row["trial_seed"],
            origin=row["origin"],
            seconds_limit=row["seconds_limit"],
        ),
        status=TrialStatus(row["status"]),
        fold_scores=tuple(row["fold_scores"]),
        score=row["score"],
        score_std=row["score_std"],
        fit_seconds=row["fit_seconds"],
        predict_ms_per_row=row["predict_ms_per_row"],
        size_mb=row["size_mb"],
        seconds=row["seconds"],
        iterations=tuple(row["iterations"]),
        error=row["error"],
    )
    if result.succeeded and not np.isfinite(float(result.score or 0.0)):
        raise ValueError("a success has no finite score")
    return ExperienceRecord(
        dataset=datasets[same],
        result=result,
        versions=tuple(json.loads(row["versions"]).items()),
        recorded_at=row["recorded_at"],
    )


def _dataset(row: Mapping[str, Any]) -> KnownDataset:
    meta = {
        name.removeprefix(META): value
        for name, value in row.items()
        if name.startswith(META) and name not in COLUMNS and value is not None
    }
    return KnownDataset(
        fingerprint=row["fingerprint"],
        name=row["dataset"],
        target=row["target"],
        metric=row["metric"],
        n_rows_whole=row["n_rows_whole"],
        shape=DatasetShape(
            problem=ProblemKind(row["task"]),
            has_missing=row["has_missing"],
            **{name: row[name] for name in SHAPE},
        ),
        rows_cap=row["rows_cap"],
        n_folds=row["n_folds"],
        seed=row["seed"],
        meta=MetaFeatures.from_dict(meta, row["meta_version"]),
        about=tuple(row["about"]),
    )


_OF_DATASET = frozenset(list(COLUMNS)[: list(COLUMNS).index("family")])
