"""Leaderboard rows as JSON and CSV, and the front of score and costs as cells and tags."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.members.preference import Preference
from espalier.pipelines.pages.markdown import escape_markdown, markdown_table

if TYPE_CHECKING:  # loads the combiners
    from espalier.pipelines.finishing.prefer import FrontPoint

# Tags of MLflow are short.
_TAGGED = 10


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


def front_tags(
    preference: Preference, front: Sequence["FrontPoint"], *, prefix: str = ""
) -> dict[str, str]:
    """Return the tags that tell what was wanted and what the front is; none without a front.

    Parameters
    ----------
    preference : Preference
        What was wanted.
    front : sequence of FrontPoint
        The front, best score first.
    prefix : str
        Goes before each name.
    """
    if not front:
        return {}
    lines = [
        f"{point.name}: {point.score:.5g}, {point.latency:.3g} ms, {point.size:.3g} MiB, "
        f"{point.operations:.3g} operations{' (chosen)' if point.chosen else ''}"
        for point in front[:_TAGGED]
    ]
    tags = {
        "objectives": ",".join(preference.objectives),
        "prefer": preference.prefer or "score",
        "front": "; ".join(lines),
    }
    return {f"{prefix}{name}": value for name, value in tags.items()}


def front_rows(front: Sequence["FrontPoint"]) -> list[tuple[str, ...]]:
    """Return the cells of a table: model, score, milliseconds, MiB, operations, mark."""
    return [
        (
            point.name,
            f"{point.score:.5g}",
            f"{point.latency:.3g}",
            f"{point.size:.3g}",
            f"{point.operations:,.0f}",
            "chosen" if point.chosen else "",
        )
        for point in front
    ]


def front_markdown(front: Sequence["FrontPoint"], metric: str) -> str:
    """Return the front as a table in Markdown."""
    rows = [tuple(map(escape_markdown, row)) for row in front_rows(front)]
    return markdown_table(("model", metric, "ms for one row", "MiB", "operations", ""), rows)
