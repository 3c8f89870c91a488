"""The rows that champion and challenger are compared on."""

from infra.kept_rows import read_kept_rows
from infra.registry import RegisteredVersion
from infra.settings import Settings
from infra.training_facts import TrainingFacts
from pipelines.lifecycle.promote_request import PromoteRequest
from pipelines.lifecycle.unseen import UnseenRows
from tasks.policies import MINUTES, retried_task


@retried_task(
    name="gather rows",
    description="Gather labelled rows that neither champion nor challenger was trained on.",
    tags=["espalier", "data"],
    timeout_seconds=60 * MINUTES,
)
def gather_rows(
    request: PromoteRequest,
    champion: RegisteredVersion,
    challenger: RegisteredVersion,
    facts: TrainingFacts,
    settings: Settings,
) -> UnseenRows:
    """Return raw labelled rows, from the hold-outs or from the request's source.

    Raises
    ------
    UserError
        The source cannot be read, or has no target.
    """
    from infra.sources import read_table
    from pipelines.lifecycle.evidence import labelled
    from pipelines.lifecycle.unseen import unseen_holdouts, unseen_rows

    kept = {each.version: None if each.run_id is None else read_kept_rows(settings, each.run_id)
            for each in (champion, challenger)}  # fmt: skip
    old, new = kept[champion.version], kept[challenger.version]
    if old is None or new is None:
        lost = " and ".join(f"version {version}" for version, rows in kept.items() if rows is None)
        note = f"The rows that {lost} was trained on are not on record; train it again."
        return UnseenRows(table=None, notes=(note,))
    if request.data is None:
        return unseen_holdouts(old, new, newest_only=facts.time_column is not None)
    table = labelled(read_table(request.data, query=request.query), facts.target)
    return unseen_rows(table, old, new, seed=request.seed)
