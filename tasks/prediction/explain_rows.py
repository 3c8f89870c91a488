"""Explain single answers of a registered model by contributions of its columns."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from espalier.infra.registry.model_files import open_version
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.tables.sources import read_table
from espalier.infra.tracking.training_rows import read_training_rows
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.errors import UserError
from espalier.pipelines.explain.effects.contributions import explain_row, explained_answer
from espalier.pipelines.seeds import drawn_rows
from espalier.pipelines.serving.model import EnsembleModel

MOST_ROWS = 50
BACKGROUND_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnContribution:
    """What one column contributed to an answer.

    Attributes
    ----------
    column, cell : str
        The column, and its cell in the row.
    contribution : float
        By how much it moved the answer, in the unit of the answer.
    """

    column: str
    cell: str
    contribution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RowExplanation:
    """Why a row is answered as it is.

    Attributes
    ----------
    row : int
        Number of the row in its table, from 1.
    prediction : str
        The predicted label or value.
    explained : str
        The answer that the contributions are about: ``probability of LABEL``, or ``value``.
    base, answer : float
        Mean answer of the rows it is compared with, and the answer to the row.
    columns : tuple of ColumnContribution
        The largest first; they sum to ``answer - base``.
    """

    row: int
    prediction: str
    explained: str
    base: float
    answer: float
    columns: tuple[ColumnContribution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedRows:
    """The explanations of some rows.

    Attributes
    ----------
    model : str
        ``NAME/VERSION``.
    compared_with : str
        The rows that answers are compared with, in words.
    rows : tuple of RowExplanation
        In the order of the table.
    """

    model: str
    compared_with: str
    rows: tuple[RowExplanation, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self)


def explain_rows(
    version: RegisteredVersion,
    data: str,
    settings: Settings,
    *,
    n_rows: int,
    query: str | None = None,
    seed: int = 0,
) -> ExplainedRows:
    """Explain the answers to the first rows of a table.

    Parameters
    ----------
    version : RegisteredVersion
        The model.
    data, query : str, str or None
        The table, as for `espalier.infra.tables.sources.read_table`.
    settings : Settings
        Name the stores.
    n_rows : int
        Number of rows, from 1 to `MOST_ROWS`.
    seed : int
        Draws the rows to compare with, and the orders of columns.

    Raises
    ------
    UserError
        The number of rows is out of range, the model cannot be opened or explained, the table
        cannot be read or lacks columns, or there are no rows to compare with.
    """
    if not 1 <= n_rows <= MOST_ROWS:
        raise UserError(f"--rows must be from 1 to {MOST_ROWS}, not {n_rows}")
    model = open_version(version, settings).model
    if not isinstance(model, EnsembleModel):
        raise UserError(
            f"model {version.name}/{version.version} forecasts series; only answers to single rows "
            "can be explained"
        )
    styles = model.preparation.styles_with(model.target)
    read = read_table(data, query=query, target=model.target, styles=styles)
    table = with_unique_names(read)
    first = table.head(n_rows)
    predicted = model.predict(first)  # names the columns that are missing
    names = list(model.feature_names)
    background, where = _background(version, table, n_rows, names, settings, seed)
    explained = []
    for place, prediction in enumerate(predicted):
        answer = explained_answer(model, prediction)
        row = first.iloc[[place]][names]
        found = explain_row(answer, row, background, seed=seed)
        explained.append(
            RowExplanation(
                row=place + 1,
                prediction=f"{prediction:.6g}" if model.classes is None else str(prediction),
                explained="value" if model.classes is None else f"probability of {prediction}",
                base=found.base,
                answer=found.answer,
                columns=tuple(
                    ColumnContribution(
                        column=name, cell=_cell(row[name].iloc[0]), contribution=contribution
                    )
                    for name, contribution in found.columns.items()
                ),
            )
        )
    return ExplainedRows(
        model=f"{version.name}/{version.version}", compared_with=where, rows=tuple(explained)
    )


def _background(
    version: RegisteredVersion,
    table: pd.DataFrame,
    n_rows: int,
    names: list[str],
    settings: Settings,
    seed: int,
) -> tuple[pd.DataFrame, str]:
    """Return the rows to compare with: held-out ones if they are kept, else others of the table."""
    kept = None if version.run_id is None else read_training_rows(settings, version.run_id)
    if kept is not None and kept.holdout is not None and len(kept.holdout):
        rows, where = with_unique_names(kept.holdout), "held-out rows of the training"
        if not set(names) - set(rows.columns):
            drawn = drawn_rows(len(rows), BACKGROUND_ROWS, seed=seed)
            return rows.iloc[drawn][names].reset_index(drop=True), f"{len(drawn)} {where}"
    others = table.iloc[n_rows:]
    if not len(others):
        raise UserError(
            "there are no rows to compare with: the training kept none, and the table has no more "
            "than those to explain; give a table with more rows, or fewer --rows"
        )
    drawn = drawn_rows(len(others), BACKGROUND_ROWS, seed=seed)
    return others.iloc[drawn][names].reset_index(drop=True), f"{len(drawn)} other rows of the table"


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
