"""What the package ships can be opened quickly, is to be trusted, and holds figures only."""

from espalier.pipelines.experience.fitted import read_records
from espalier.pipelines.experience.knowledge import open_knowledge
from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.shipped import SHIPPED_FOLDER, shipped_folder

FILES = {"README.md", "experience.json", "predictor.npz", "records.parquet"}
LARGEST = 3 * 2**20


def test_it_is_there_whole_and_small():
    assert shipped_folder() == SHIPPED_FOLDER
    assert {each.name for each in SHIPPED_FOLDER.iterdir()} == FILES
    assert sum(each.stat().st_size for each in SHIPPED_FOLDER.iterdir()) < LARGEST


def test_its_predictor_has_proved_itself_on_tables_left_out():
    knowledge = open_knowledge(SHIPPED_FOLDER)
    assert knowledge.validation.trusted
    assert knowledge.validation.median >= 0.5
    assert knowledge.card.n_datasets == len(knowledge.portfolio.datasets)
    card = (SHIPPED_FOLDER / "README.md").read_text()
    assert all(f"| {name} |" in card for name in knowledge.portfolio.datasets)


def test_its_records_are_of_todays_space_and_quote_nothing():
    records = read_records(SHIPPED_FOLDER)
    known = align_knowledge(records)
    assert known.n_impossible == 0
    assert known.other_meta == ()
    for each in records.records:
        assert each.result.worker == ""
        assert each.result.error is None or each.result.error.isidentifier()
