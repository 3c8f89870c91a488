"""Read a table of a folder and prepare it for recording trials."""

from espalier.infra.tables.sources import read_table
from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.experience.recording.design import RecordingDesign
from espalier.pipelines.experience.recording.record import KnowledgeBase, forecast_target
from espalier.pipelines.experience.recording.recording_setup import (
    RecordingRules,
    RecordingSetup,
    TableEntry,
    make_recording_setup,
)
from espalier.pipelines.experience.recording.series_setup import make_series_setup
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
    make = make_series_setup if entry.is_of_series else make_recording_setup
    return make(table, entry, rules, fingerprint=content)


def _n_recorded(
    known: KnowledgeBase,
    content: str,
    entry: TableEntry,
    rules: RecordingRules,
    design: RecordingDesign,
) -> int:
    """Return the number of trials of the design's families recorded under these rules."""
    target = entry.target if entry.horizon is None else forecast_target(entry.target, entry.horizon)
    wanted = (content, target, rules.rows, rules.seed)
    return sum(
        (each.fingerprint, each.target, each.rows_cap, each.seed) == wanted
        # Of series there may be fewer origins than were asked for.
        and (each.n_folds == rules.n_folds or each.is_of_series)
        for each in (
            record.dataset
            for record in known.records
            if design.concerns(record.result.trial.configuration.family)
        )
    )
