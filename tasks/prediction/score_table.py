"""Predict a table of any size with a registered model, in chunks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from espalier.infra.access.form_limits import output_path
from espalier.infra.access.origin import current_origin
from espalier.infra.registry.model_files import open_version
from espalier.infra.registry.registry import RegisteredVersion, resolve
from espalier.infra.registry.suites.owned_suites import present_contract
from espalier.infra.settings import Settings, load_settings
from espalier.infra.tables.chunks import ChunkPlan, read_chunks
from espalier.infra.tables.globs import expand_sources
from espalier.infra.tables.picture_files.folders import IMAGE, is_picture_source
from espalier.infra.tables.table_writer import TableWriter
from espalier.pipelines.data.input_contract import InputContract
from espalier.pipelines.data.parsing.column_names import find_column, with_unique_names
from espalier.pipelines.errors import UserError
from espalier.pipelines.problem import FORECAST
from espalier.pipelines.redaction import redact_source
from espalier.pipelines.requests.predict import PredictRequest
from espalier.pipelines.serving.saved_model import INTERVAL, LOWER, UPPER, ServedModel
from espalier.tasks.prediction.forecast_table import forecast_table
from espalier.tasks.prediction.row_checks import RowChecker

MODEL, SOURCE, ROW, PREDICTION = "model", "source", "row", "prediction"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRecord:
    """Outcome of predicting a table.

    Attributes
    ----------
    path : Path
        The file that was written.
    n_rows, n_sources : int
        Number of rows, and of the files (or queries) they came from.
    model : str
        Name and version of the model.
    warnings : tuple of str
        Warnings from loading the model and from checking the rows.
    """

    path: Path
    n_rows: int
    model: str
    n_sources: int = 1
    warnings: tuple[str, ...] = ()


def score_table(request: PredictRequest) -> ScoreRecord:
    """Predict the data of ``request`` and write one row per row of the data, in the same order.

    The columns are ``source`` and ``row`` (counted from 1 in its source), or the column that the
    request names as row id, or ``image`` (the path) of a folder of pictures; ``prediction``; with
    ``proba`` one ``proba_<class>`` per class; with ``interval`` the bounds ``lower`` and ``upper``;
    and ``model``, the name and version of the model. The file appears only once it is complete. A
    forecast is written in the columns of `espalier.tasks.prediction.forecast_table.forecast_table`
    instead.

    Raises
    ------
    ModelDiffersError
        The model does not answer its golden rows as it did when it was saved, and
        ``on_difference`` is ``refuse``.
    UserError
        The output cannot be written, or not for a form, the model or the data do not exist or are
        empty, columns are missing (all are named), probabilities are requested for a regression or
        intervals for a classification, or rows break the model's suite and ``on_drift`` is
        ``refuse``.
    """
    settings = load_settings()
    is_form = current_origin().is_form
    path = output_path(request.out, settings) if is_form else Path(request.out)
    writer = TableWriter(path)
    version = resolve(request.model, settings)
    sources = _without(path, expand_sources(request.data))
    if version.tags.get("task") == FORECAST:
        return _forecast(request, version, sources, path, settings)
    opened = open_version(version, settings)
    model, label = ServedModel(opened.model), f"{version.name}/{version.version}"
    if request.on_difference == "refuse":
        opened.check.require_same_answers(label)
    if request.proba and model.model.classes is None:
        raise UserError(
            f"model {version.name!r} predicts numbers, which have no probabilities; "
            "leave --proba out"
        )
    if request.interval is not None and model.model.adjustments.intervals is None:
        kind = "predicts classes" if model.model.classes is not None else "was made without any"
        raise UserError(
            f"model {version.name!r} {kind}: there are no intervals; leave --interval out"
        )
    ids = (request.id_column,) if request.id_column else ()
    contract = InputContract.of(model.model.feature_names, model.model.example)
    plan = ChunkPlan(
        text_columns=(*contract.text_columns, *ids),
        wanted={*model.model.feature_names, *ids},
        styles=model.model.preparation.number_styles,
        image_root=request.image_root,
    )
    gate = _gate(request, contract, version, settings)
    n_rows = 0
    with writer:
        for part in _scored(request, sources, plan, gate, model):
            writer.write(part.assign(**{MODEL: label}))
            n_rows += len(part)
        if n_rows == 0:
            raise UserError(f"{request.shown_data!r} is empty: it has no rows; nothing to score")
    return ScoreRecord(
        path=path,
        n_rows=n_rows,
        n_sources=len(sources),
        model=label,
        warnings=tuple(dict.fromkeys([*opened.check.lines, *gate.warnings])),
    )


def _forecast(
    request: PredictRequest,
    version: RegisteredVersion,
    sources: tuple[str, ...],
    path: Path,
    settings: Settings,
) -> ScoreRecord:
    """Forecast the series of the sources, and write the horizon of each."""
    made, check, noticed = forecast_table(request, version, sources, settings)
    with TableWriter(path) as writer:
        writer.write(made)
    return ScoreRecord(
        path=path,
        n_rows=len(made),
        n_sources=len(sources),
        model=f"{version.name}/{version.version}",
        warnings=(*check.lines, *noticed),
    )


def _gate(
    request: PredictRequest,
    names: InputContract,
    version: RegisteredVersion,
    settings: Settings,
) -> RowChecker:
    suite = None if request.on_drift == "ignore" else present_contract(settings, version)
    if suite is not None:
        suite = suite.for_prediction(names.kinds.keys())
    return RowChecker(names, suite, request.on_drift)


def _scored(
    request: PredictRequest,
    sources: tuple[str, ...],
    plan: ChunkPlan,
    gate: RowChecker,
    model: ServedModel,
) -> Iterator[pd.DataFrame]:
    """Yield row ids and predictions chunk by chunk; each chunk is checked first."""
    # Find a wrong file among many before the others are processed.
    for source in sources[1:]:
        for raw in read_chunks(source, plan=plan):
            _check(_as_trained(with_unique_names(raw), source, model), source, gate, request)
            break
    for source in sources:
        n_before = 0
        for raw in read_chunks(source, query=request.query, plan=plan):
            table = _as_trained(with_unique_names(raw), source, model)
            _check(table, source, gate, request)
            answer = model.predict(table, params={INTERVAL: request.interval})
            wanted = [PREDICTION, *((LOWER, UPPER) if request.interval is not None else ())]
            answer = answer if request.proba else answer[wanted]
            yield _joined(_ids(table, source, n_before, request), answer)
            n_before += len(table)


def _as_trained(table: pd.DataFrame, source: str, model: ServedModel) -> pd.DataFrame:
    """Return the rows of a folder of pictures with the column named as in training.

    A model of one column of pictures also answers a folder of them, whatever its table called it.
    """
    needed = model.model.feature_names
    if len(needed) == 1 and needed[0] not in table.columns and is_picture_source(source):
        return table.rename(columns={IMAGE: needed[0]})
    return table


def _check(table: pd.DataFrame, source: str, gate: RowChecker, request: PredictRequest) -> None:
    if request.id_column is not None:
        find_column(table, request.id_column, "id column")
    gate.check(table, repr(redact_source(source)))


def _ids(table: pd.DataFrame, source: str, n_before: int, request: PredictRequest) -> pd.DataFrame:
    """Return the id columns of the output for these rows."""
    if request.id_column is not None:
        return table[[request.id_column]]
    if is_picture_source(source):
        return table.iloc[:, :1].set_axis([IMAGE], axis=1)
    rows = range(n_before + 1, n_before + len(table) + 1)
    return pd.DataFrame({SOURCE: redact_source(source), ROW: rows}, index=table.index)


def _joined(ids: pd.DataFrame, answer: pd.DataFrame) -> pd.DataFrame:
    taken = {*answer.columns, MODEL} & set(ids.columns)
    if taken:
        name = next(iter(taken))
        raise UserError(
            f"id column {name!r} is also called like a column of the output; rename it in the data"
        )
    return pd.concat([ids, answer], axis=1)


def _without(path: Path, sources: tuple[str, ...]) -> tuple[str, ...]:
    """Return ``sources`` without an earlier output file that the input pattern also matches."""
    if len(sources) == 1:
        return sources
    return tuple(each for each in sources if Path(each).absolute() != path.absolute())
