"""A table of a folder, read and made ready to record trials on."""

from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.recording_setup import (
    RecordingRules,
    RecordingSetup,
    TableEntry,
    make_recording_setup,
)
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.tasks.policies import retried_task


@retried_task(
    name="open table",
    description="Read a table, cap its rows, plan its folds and measure its meta-features.",
    tags=["espalier", "experience"],
)
def open_known_table(
    entry: TableEntry, rules: RecordingRules, store: ExperienceStore, *, enough: int
) -> RecordingSetup | None:
    """Return the table made ready; None where the store has ``enough`` trials on it already.

    Raises
    ------
    UserError
        It cannot be read, or its target cannot be learned.
    """
    from espalier.infra.tables.sources import read_table

    table = read_table(str(entry.path))
    content = fingerprint(table)
    if _n_recorded(store.read(), content, entry, rules) >= enough:
        return None
    return make_recording_setup(table, entry, rules, fingerprint=content)


def _n_recorded(
    known: KnowledgeBase, content: str, entry: TableEntry, rules: RecordingRules
) -> int:
    """Return how many trials are recorded on a table by these rules, without preparing it."""
    wanted = (content, entry.target, rules.rows, rules.n_folds, rules.seed)
    found = (each.dataset for each in known.records)
    return sum(
        (each.fingerprint, each.target, each.rows_cap, each.n_folds, each.seed) == wanted
        for each in found
    )
