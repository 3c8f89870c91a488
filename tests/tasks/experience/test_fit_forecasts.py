"""What one's own forecasts taught is used where it ranks no worse than what was there before."""

import pytest

from espalier.infra.registry.experience_source import open_experience
from espalier.infra.settings import Settings
from espalier.pipelines.experience.fit import fit_knowledge
from espalier.pipelines.experience.fitted import write_fitted
from espalier.pipelines.experience.knowledge import open_knowledge
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.tasks.experience.fit_forecasts import fit_forecasts
from tests.experience_maker import lawful, lawful_error


@pytest.fixture
def mine(maker):
    return maker.knowledge(lawful_error, 4, 12, series=True)


def test_own_trials_are_learned_from(maker, mine, tmp_path):
    own = mine.merge(maker.knowledge(lawful, 1, 4))
    said = fit_forecasts(own, None, tmp_path / "new", 0)
    assert said.startswith("of forecasts, there was no predictor before")
    assert open_knowledge(tmp_path / "new" / "forecasts").card.n_records == 4 * 12


def test_without_trials_on_series_the_present_knowledge_moves_along(mine, tmp_path):
    assert fit_forecasts(KnowledgeBase(), None, tmp_path / "first", 0) == ""
    assert not (tmp_path / "first").exists()
    write_fitted(
        tmp_path / "champion" / "forecasts", fit_knowledge(mine, seed=0, series=True), mine
    )
    assert fit_forecasts(KnowledgeBase(), tmp_path / "champion", tmp_path / "next", 0) == ""
    assert open_knowledge(tmp_path / "next" / "forecasts").card.n_records == 4 * 12


def test_a_folder_may_hold_one_kind_or_both(maker, mine, tmp_path):
    place = tmp_path / "named"
    write_fitted(place / "forecasts", fit_knowledge(mine, seed=0, series=True), mine)
    settings = Settings(home=tmp_path / "home", experience=place)
    opened = open_experience(settings, of_forecasts=True)
    assert opened is not None
    assert opened.knowledge.is_of_series
    assert open_experience(settings) is None
    tables = maker.knowledge(lawful, 3, 12)
    write_fitted(place, fit_knowledge(tables, seed=0), tables)
    both = open_experience(settings)
    assert both is not None
    assert not both.knowledge.is_of_series
