"""Read JSON: one object a line, or one array of objects."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from espalier.infra.tables.opening import open_bytes
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact, redact_source


def read_json(source: str) -> pd.DataFrame:
    """Return the rows of a file or URL; what looks like a date or a number in a text stays text.

    Raises
    ------
    UserError
        It is empty, is no JSON, or does not hold one object a row.
    """
    if not is_array(source):
        return pd.DataFrame.from_records(list(read_records(source)))
    with open_bytes(source) as file:
        records = json.loads(file.read())
    if not all(isinstance(record, dict) for record in records):
        raise UserError(f"{redact_source(source)!r} must hold one JSON object a row")
    return pd.DataFrame.from_records(records)


def is_array(source: str) -> bool:
    """Whether a file holds one JSON array, which must be read as a whole.

    Raises
    ------
    UserError
        It is empty.
    """
    with open_bytes(source) as file:
        head = file.read(4096).lstrip()
        if not head and not file.read(1):
            raise UserError(f"{redact_source(source)!r} is empty; give a table with data")
    return head.startswith(b"[")


def read_records(source: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of one JSON object a line.

    Raises
    ------
    UserError
        A line is no JSON, or no object; the message names the line.
    """
    with open_bytes(source) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                raise UserError(
                    f"{redact_source(source)!r} cannot be read as JSON in line {number:,}: "
                    f"{redact(' '.join(str(error).split()))}; was it fully written?"
                ) from None
            if not isinstance(record, dict):
                raise UserError(f"{redact_source(source)!r} must hold one JSON object a row")
            yield record
