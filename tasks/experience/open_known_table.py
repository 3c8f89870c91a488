"""Read a table of a folder and prepare it for recording trials."""

from espalier.infra.tables.sources import read_table
from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.experience.recording.design import RecordingDesign
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
    entry: TableEntry, rules: RecordingRules, store: ExperienceStore, design: RecordingDesign
) -> RecordingSetup | None:
    """Return the prepared table; None if the store has all the trials on it that are wanted.

    Raises
    ------
    UserError
        The table cannot be read, or its target cannot be learned.
    """
    table = read_table(str(entry.path))
    content = fingerprint(table)
    known = _n_recorded(store.read(), content, entry, rules, design)
    if known >= design.n_configurations:
        return None
    return make_recording_setup(table, entry, rules, fingerprint=content)


def _n_recorded(
    known: KnowledgeBase,
    content: str,
    entry: TableEntry,
    rules: RecordingRules,
    design: RecordingDesign,
) -> int:
    """Return the number of trials of the design's families recorded under these rules."""
    wanted = (content, entry.target, rules.rows, rules.n_folds, rules.seed)
    found = (
        each.dataset
        for each in known.records
        if design.concerns(each.result.trial.configuration.family)
    )
    return sum(
        (each.fingerprint, each.target, each.rows_cap, each.n_folds, each.seed) == wanted
        for each in found
    )
