"""The folder of learned experience, with the records it is from and a card for people."""

from pathlib import Path

from espalier.pipelines.experience.card_text import card_markdown
from espalier.pipelines.experience.knowledge import Knowledge
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.store import ExperienceStore

RECORDS_FILE, CARD_FILE = "records.parquet", "README.md"


def write_fitted(folder: Path, knowledge: Knowledge, experience: KnowledgeBase) -> None:
    """Write what was learned, its records and its card into ``folder``, whatever was there.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    knowledge : Knowledge
        What was learned.
    experience : KnowledgeBase
        From what.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORDS_FILE).unlink(missing_ok=True)  # records are replaced, not added to
    ExperienceStore(folder / RECORDS_FILE).merge(experience)
    (folder / CARD_FILE).write_text(card_markdown(knowledge, experience), encoding="utf-8")
    knowledge.save(folder)


def read_records(folder: Path | None) -> KnowledgeBase:
    """Return the records beside what was learned; none where there is no folder.

    Raises
    ------
    UserError
        The file is damaged or of another version.
    """
    return KnowledgeBase() if folder is None else ExperienceStore(folder / RECORDS_FILE).read()
