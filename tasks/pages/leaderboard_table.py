"""Leaderboard rows as JSON records and as CSV."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from espalier.pipelines.explain.leaderboard import LeaderboardRow


def leaderboard_record(row: LeaderboardRow) -> dict[str, Any]:
    """Return a JSON-ready dictionary of a row."""
    record = asdict(row)
    record["configuration"] = row.configuration.to_dict()
    record["status"] = str(row.status)
    return record


def leaderboard_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return records of `leaderboard_record` as CSV text; configurations are cells of JSON."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if rows:
        writer.writerow(rows[0])
    for row in rows:
        configuration = json.dumps(row["configuration"])
        writer.writerow((dict(row) | {"configuration": configuration}).values())
    return out.getvalue()
