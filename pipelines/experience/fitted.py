"""The folder of fitted knowledge, with the records it was fitted to and its card."""

from pathlib import Path

from espalier.pipelines.experience.card_text import card_markdown
from espalier.pipelines.experience.knowledge import Knowledge
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.store import ExperienceStore

RECORDS_FILE, CARD_FILE = "records.parquet", "README.md"


def write_fitted(folder: Path, knowledge: Knowledge, experience: KnowledgeBase) -> None:
    """Write knowledge, its records and its card into ``folder``, replacing existing files.

    Parameters
    ----------
    folder : Path
        Created if it does not exist.
    knowledge : Knowledge
        The knowledge to write.
    experience : KnowledgeBase
        The records that it was fitted to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORDS_FILE).unlink(missing_ok=True)  # records are replaced, not added to
    ExperienceStore(folder / RECORDS_FILE).merge(experience)
    (folder / CARD_FILE).write_text(card_markdown(knowledge, experience), encoding="utf-8")
    knowledge.save(folder)


def read_records(folder: Path | None) -> KnowledgeBase:
    """Return the records in a folder of knowledge; empty if the folder does not exist.

    Raises
    ------
    UserError
        The file is damaged or of another version.
    """
    return KnowledgeBase() if folder is None else ExperienceStore(folder / RECORDS_FILE).read()
