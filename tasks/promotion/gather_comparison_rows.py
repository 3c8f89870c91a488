"""Gather the rows that champion and challenger are compared on."""

from collections.abc import Mapping
from dataclasses import replace

from espalier.infra.registry.model_files import load
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.registry.training_facts import TrainingFacts
from espalier.infra.settings import Settings
from espalier.infra.tables.sources import read_table
from espalier.infra.tracking.training_rows import read_training_rows
from espalier.pipelines.data.parsing.decimal_signs import NOTES
from espalier.pipelines.data.parsing.numbers import NumberStyle
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.metrics import rows_with_target
from espalier.pipelines.lifecycle.promotion.unseen_rows import (
    UnseenRows,
    unseen_holdouts,
    unseen_rows,
)
from espalier.pipelines.requests.promote import PromoteRequest
from espalier.tasks.policies import MINUTES, retried_task


@retried_task(
    name="gather comparison rows",
    description="Gather labelled rows that neither champion nor challenger was trained on.",
    tags=["espalier", "data"],
    timeout_seconds=60 * MINUTES,
)
def gather_comparison_rows(
    request: PromoteRequest,
    champion: RegisteredVersion,
    challenger: RegisteredVersion,
    facts: TrainingFacts,
    settings: Settings,
) -> UnseenRows:
    """Return raw labelled rows that neither version was trained on.

    They come from the hold-outs, or from the data source of the request.

    Raises
    ------
    UserError
        The source cannot be read, or has no target column.
    """
    kept = {
        each.version: None if each.run_id is None else read_training_rows(settings, each.run_id)
        for each in (champion, challenger)
    }
    old, new = kept[champion.version], kept[challenger.version]
    if old is None or new is None:
        lost = " and ".join(f"version {version}" for version, rows in kept.items() if rows is None)
        note = f"The rows that {lost} was trained on are not on record; train it again."
        return UnseenRows(table=None, notes=(note,))
    if request.data is None:
        return unseen_holdouts(old, new, newest_only=facts.time_column is not None)
    raw = read_table(
        request.data,
        query=request.query,
        target=facts.target,
        styles=_number_styles(challenger, facts.target, settings),
    )
    said = tuple(f"{note[:1].upper()}{note[1:]}." for note in raw.attrs.get(NOTES, ()))
    rows = unseen_rows(rows_with_target(raw, facts.target), old, new, seed=request.seed)
    return replace(rows, notes=(*rows.notes, *said))


def _number_styles(
    version: RegisteredVersion, target: str, settings: Settings
) -> Mapping[str, NumberStyle]:
    """Return how the training of a version had its numbers; nothing if this cannot open it."""
    try:
        return load(version, settings).model.preparation.styles_with(target)
    except UserError:
        return {}
