"""JSON bodies: rows, records, split, and what MLflow's ``/invocations`` accepts.

    {"rows": [{"age": 31, "city": "Ulm"}, ...]}                 ours
    [{"age": 31, "city": "Ulm"}, ...]                           the same without a name
    {"records": [...]}, {"dataframe_records": [...]}            the same under other names
    {"instances": [...]}, {"inputs": [...]}
    {"inputs": {"age": [31], "city": ["Ulm"]}}                  cells by column
    {"columns": ["age", "city"], "data": [[31, "Ulm"]]}         split; also inside "split" or
                                                                "dataframe_split"

Cells without the names of their columns are refused: their order would have to be guessed.
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from espalier.infra.web.answering.raw_rows import RawRows, require_few
from espalier.infra.web.answering.refusals import BAD_REQUEST, RefusedError, shown

ROWS = "rows"
_RECORDS = (ROWS, "records", "dataframe_records", "instances", "inputs")
_SPLIT = ("split", "dataframe_split")
# MLflow's name for options beside the rows; its servers ignore ``signature_name``.
_PARAMS, _IGNORED = "params", ("signature_name",)


def read_json_body(body: bytes, *, most_rows: int) -> tuple[RawRows, dict[str, Any]]:
    """Return the rows of a JSON body, and what else it holds: the options.

    Raises
    ------
    RefusedError
        It is no JSON, of none of the known shapes, or has too many rows.
    """
    try:
        content = from_json(body, allow_inf_nan=False)
    except (ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise RefusedError(f"the body is no JSON: {said}", status=BAD_REQUEST) from None
    if isinstance(content, list):
        return _records(content, ROWS, most_rows), {}
    if not isinstance(content, dict):
        raise RefusedError(f"the body must be an object with {ROWS!r}, not {shown(content)}")
    return _named(content, most_rows)


def _named(content: dict[str, Any], most_rows: int) -> tuple[RawRows, dict[str, Any]]:
    if "data" in content and "columns" in content:
        content = {"split": {key: content[key] for key in ("columns", "data")}} | {
            key: each for key, each in content.items() if key not in ("columns", "data", "index")
        }
    found = [name for name in (*_RECORDS, *_SPLIT) if name in content]
    if len(found) != 1:
        given = f"both {found[0]!r} and {found[1]!r}" if found else "no rows"
        raise RefusedError(
            f'the body holds {given}; send {{"{ROWS}": [{{"column": value, ...}}, ...]}}'
        )
    name, given_rows = found[0], content[found[0]]
    params = content.get(_PARAMS)
    if params is not None and not isinstance(params, dict):
        raise RefusedError(f"{_PARAMS!r} must be an object, not {shown(params)}")
    options = {key: each for key, each in content.items() if key not in (name, _PARAMS, *_IGNORED)}
    rows = (
        _split(given_rows, name, most_rows)
        if name in _SPLIT
        else _by_column(given_rows, name, most_rows)
        if name == "inputs" and isinstance(given_rows, dict)
        else _records(given_rows, name, most_rows)
    )
    return rows, {**options, **(params or {})}


def _records(rows: Any, name: str, most_rows: int) -> RawRows:
    if not isinstance(rows, list):
        raise RefusedError(f"{name!r} must be a list of rows, not {shown(rows)}")
    require_few(len(rows), most_rows)
    for at, row in enumerate(rows):
        if not isinstance(row, dict):
            raise RefusedError(
                f"row {at} of {name!r} must be an object of column and value, not {shown(row)}",
                row=at,
            )
    return RawRows.of_records(rows)


def _by_column(columns: Mapping[str, Any], name: str, most_rows: int) -> RawRows:
    lengths = set()
    for column, cells in columns.items():
        if not isinstance(cells, list):
            raise RefusedError(
                f"column {column!r} of {name!r} must be a list of cells, not {shown(cells)}",
                column=column,
            )
        lengths.add(len(cells))
    if len(lengths) > 1:
        raise RefusedError(f"the columns of {name!r} have {min(lengths)} to {max(lengths)} cells")
    n_rows = max(lengths, default=0)
    require_few(n_rows, most_rows)
    return RawRows(columns, n_rows)


def _split(split: Any, name: str, most_rows: int) -> RawRows:
    columns = split.get("columns") if isinstance(split, dict) else None
    data = split.get("data") if isinstance(split, dict) else None
    if not isinstance(columns, list) or not isinstance(data, list):
        raise RefusedError(f"{name!r} must have the lists 'columns' and 'data'")
    if not all(isinstance(column, str) for column in columns):
        raise RefusedError(f"the columns of {name!r} must be names")
    if len(set(columns)) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        raise RefusedError(f"column {twice!r} of {name!r} occurs twice", column=twice)
    require_few(len(data), most_rows)
    for at, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(columns):
            raise RefusedError(
                f"row {at} of {name!r} must be a list of {len(columns)} cells, not {shown(row)}",
                row=at,
            )
    cells = {column: [row[at] for row in data] for at, column in enumerate(columns)}
    return RawRows(cells, len(data))
