"""Experience of forecasts is that of tables by the same steps, and the two are kept apart."""

import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.advice import advise
from espalier.pipelines.experience.fit import fit_knowledge
from espalier.pipelines.experience.fitted import read_records, write_fitted
from espalier.pipelines.experience.knowledge import open_knowledge
from espalier.pipelines.experience.recording.schema import from_table, to_table
from espalier.pipelines.experience.recording.space_alignment import align_knowledge, known_space
from tests.experience_maker import lawful, lawful_error


@pytest.fixture(scope="module")
def both(maker):
    """Records on tables and on series, in one store."""
    tables = maker.knowledge(lawful, 4, 12)
    return tables.merge(maker.knowledge(lawful_error, 5, 21, series=True))


@pytest.fixture(scope="module")
def of_series(both):
    return fit_knowledge(both, seed=0, series=True)


def test_one_store_holds_both(both):
    assert from_table(to_table(both), where="here") == both
    assert len(both.of_kind(series=True)) == 5 * 21
    assert len(both.of_kind(series=False)) + 5 * 21 == len(both)


def test_each_kind_is_learned_from_its_own_trials(both, of_series):
    assert of_series.is_of_series
    assert of_series.card.n_records == 5 * 21
    assert all(name.startswith("set") for name in of_series.portfolio.datasets)
    assert not fit_knowledge(both, seed=0).is_of_series
    assert {each.dataset.is_of_series for each in align_knowledge(both).datasets} == {False}


def test_a_law_of_forecasts_is_learned_and_advised(maker, of_series):
    assert of_series.validation.median > 0.6
    new = maker.series(99)
    found = advise(of_series, known_space(new), new.meta)
    assert found.first[0].family in ("ces", "ets", "reduction")
    assert "naive" not in {each.family for each in found.first}
    assert found.prior is not None


def test_series_that_were_known_get_what_won_there(maker, of_series):
    known = maker.series(2)
    found = advise(of_series, known_space(known), known.meta, content=known.content)
    assert found.n_winners > 0
    assert found.first[0].family == "ces"


def test_it_is_written_and_opened_again(both, of_series, tmp_path):
    write_fitted(tmp_path, of_series, both.of_kind(series=True))
    again = open_knowledge(tmp_path)
    assert again.is_of_series
    assert again.validation == of_series.validation
    assert len(read_records(tmp_path)) == 5 * 21
    card = (tmp_path / "README.md").read_text()
    assert "# Experience of forecasts" in card
    assert "| set0 | y, 12 steps | forecast |" in card


def test_a_store_without_series_says_so(maker):
    with pytest.raises(UserError, match="no dataset of the experience has"):
        fit_knowledge(maker.knowledge(lawful, 3, 12), seed=0, series=True)
