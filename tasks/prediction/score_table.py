"""Score a table of any size with a registered model."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from espalier.pipelines.data.input_contract import InputContract
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact
from espalier.pipelines.requests.predict import PredictRequest

if TYPE_CHECKING:
    import pandas as pd

    from espalier.infra.registry.registry import RegisteredVersion
    from espalier.infra.settings import Settings
    from espalier.infra.tables.chunks import ChunkPlan
    from espalier.pipelines.serving.saved_model import ServedModel
    from espalier.tasks.prediction.row_checks import RowChecker

MODEL, SOURCE, ROW, PREDICTION = "model", "source", "row", "prediction"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRecord:
    """What was scored.

    Attributes
    ----------
    path : Path
        The file of predictions.
    n_rows, n_sources : int
        Rows in it, and files (or queries) they came from.
    model : str
        Name and version of the model.
    warnings : tuple of str
        What was noticed when the model was opened and the rows were checked.
    """

    path: Path
    n_rows: int
    model: str
    n_sources: int = 1
    warnings: tuple[str, ...] = ()


def score_table(request: PredictRequest) -> ScoreRecord:
    """Write the predictions of ``request``, one row for each row of the data, in its order.

    The columns are ``source`` and ``row`` (counted from 1 in its source), or the column that the
    request names as the rows' id; ``prediction``; with ``proba`` one ``proba_<class>`` a class;
    with ``interval`` the bounds ``lower`` and ``upper``; and ``model``, its name and version. The
    file appears when all rows are scored, whole.

    Raises
    ------
    UserError
        The output cannot be written there, the model or the data do not exist or are empty,
        columns are missing (all are named), probabilities are asked of a regression or intervals
        of a classification, or rows break the model's suite and ``on_drift`` is to refuse.
    """
    from espalier.infra.registry.model_files import load
    from espalier.infra.registry.registry import resolve
    from espalier.infra.settings import load_settings
    from espalier.infra.tables.chunks import ChunkPlan
    from espalier.infra.tables.globs import expand_sources
    from espalier.infra.tables.table_writer import TableWriter
    from espalier.pipelines.serving.saved_model import ServingWarning

    path = Path(request.out)
    writer = TableWriter(path)
    settings = load_settings()
    version = resolve(request.model, settings)
    sources = _without(path, expand_sources(request.data))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ServingWarning)
        model = load(version, settings)
    noticed = [str(each.message) for each in caught if each.category is ServingWarning]
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
    )
    label = f"{version.name}/{version.version}"
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
        warnings=tuple(dict.fromkeys([*noticed, *gate.warnings])),
    )


def _gate(
    request: PredictRequest,
    names: InputContract,
    version: "RegisteredVersion",
    settings: "Settings",
) -> "RowChecker":
    from espalier.infra.registry.expectation_suite import read_suite
    from espalier.tasks.prediction.row_checks import RowChecker

    suite = None if request.on_drift == "ignore" else read_suite(settings, version)
    if suite is not None:
        suite = suite.for_prediction(names.kinds.keys())
    return RowChecker(names, suite, request.on_drift)


def _scored(
    request: PredictRequest,
    sources: tuple[str, ...],
    plan: "ChunkPlan",
    gate: "RowChecker",
    model: "ServedModel",
) -> "Iterator[pd.DataFrame]":
    """Yield ids and predictions chunk by chunk, each checked before it is scored."""
    from espalier.infra.tables.chunks import read_chunks
    from espalier.pipelines.data.parsing.column_names import with_unique_names
    from espalier.pipelines.serving.saved_model import INTERVAL, LOWER, UPPER

    # A wrong file among many is to be found before the others are scored.
    for source in sources[1:]:
        for raw in read_chunks(source, plan=plan):
            _check(with_unique_names(raw), source, gate, request)
            break
    for source in sources:
        n_before = 0
        for raw in read_chunks(source, query=request.query, plan=plan):
            table = with_unique_names(raw)
            _check(table, source, gate, request)
            answer = model.predict(table, params={INTERVAL: request.interval})
            wanted = [PREDICTION, *((LOWER, UPPER) if request.interval is not None else ())]
            answer = answer if request.proba else answer[wanted]
            yield _joined(_ids(table, source, n_before, request), answer)
            n_before += len(table)


def _check(table: "pd.DataFrame", source: str, gate: "RowChecker", request: PredictRequest) -> None:
    from espalier.pipelines.data.preparation import find_column

    if request.id_column is not None:
        find_column(table, request.id_column, "id column")
    gate.check(table, repr(redact(source)))


def _ids(
    table: "pd.DataFrame", source: str, n_before: int, request: PredictRequest
) -> "pd.DataFrame":
    """Return what tells the rows apart."""
    import pandas as pd

    if request.id_column is not None:
        return table[[request.id_column]]
    rows = range(n_before + 1, n_before + len(table) + 1)
    return pd.DataFrame({SOURCE: redact(source), ROW: rows}, index=table.index)


def _joined(ids: "pd.DataFrame", answer: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    taken = {*answer.columns, MODEL} & set(ids.columns)
    if taken:
        name = next(iter(taken))
        raise UserError(
            f"id column {name!r} is also called like a column of the output; rename it in the data"
        )
    return pd.concat([ids, answer], axis=1)


def _without(path: Path, sources: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out an earlier output that the pattern of the input matches too."""
    if len(sources) == 1:
        return sources
    return tuple(each for each in sources if Path(each).absolute() != path.absolute())
