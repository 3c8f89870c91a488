"""What the package ships can be opened quickly, is to be trusted, and holds figures only."""

from espalier.pipelines.experience.fitted import read_records
from espalier.pipelines.experience.knowledge import open_knowledge
from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.shipped import (
    SHIPPED_FOLDER,
    SHIPPED_FORECASTS,
    shipped_folder,
    shipped_forecasts,
)

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


def test_that_of_forecasts_is_whole_small_and_trusted():
    assert shipped_forecasts() == SHIPPED_FORECASTS
    assert {each.name for each in SHIPPED_FORECASTS.iterdir()} == FILES
    assert sum(each.stat().st_size for each in SHIPPED_FORECASTS.iterdir()) < LARGEST
    knowledge = open_knowledge(SHIPPED_FORECASTS)
    assert knowledge.is_of_series
    assert knowledge.validation.trusted
    assert knowledge.card.n_datasets == len(knowledge.portfolio.datasets)
    records = read_records(SHIPPED_FORECASTS)
    known = align_knowledge(records, series=True)
    assert (known.n_impossible, known.other_meta) == (0, ())
    assert all(each.dataset.is_of_series for each in records.records)
