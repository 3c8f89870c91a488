"""What Espalier may know of a task: what it learned from other tables than the task's own."""

from pathlib import Path

from parts.experience.left_out_tables import learned, others_than
from parts.published.tasks import Task

from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.experience.shipped import SHIPPED_FOLDER

SHIPPED = "auto"
"""What an estimator takes for the experience that Espalier ships with."""


def left_out(task: Task, store: Path, out: Path) -> str:
    """Return the folder of what other tables teach, made below ``out`` at first.

    `SHIPPED`, if ``store`` holds the shipped records and no table with the task's rows.
    """
    records = ExperienceStore(store).read()
    known = align_knowledge(records)
    twins = [each.dataset.name for each in known.datasets if each.dataset.name in task.twins]
    if not twins and store == SHIPPED_FOLDER / "records.parquet":
        return SHIPPED
    place = Path(out) / "experience" / task.name
    if not place.exists():
        for twin in twins:
            known = others_than(known, twin)
        learned(records, known).save(place)
    return str(place)
