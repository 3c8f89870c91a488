"""The steps of a learning on a real MLflow store: read back, learned from, registered, fetched."""

import pytest

from espalier.infra.registry.experience_source import open_experience
from espalier.infra.registry.logged_predictor import champion_number
from espalier.infra.registry.registry import PREDICTOR_MODEL
from espalier.infra.registry.run_experience import RunExperience
from espalier.infra.settings import Settings
from espalier.infra.tracking.tracking import Tracking
from espalier.infra.tracking.trial_reader import dataset_tags, read_trials
from espalier.pipelines.experience import shipped
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.tasks.experience.fit_predictor import fit_predictor
from espalier.tasks.experience.gather_trials import gather_trials
from espalier.tasks.experience.register_predictor import register_predictor
from tests.experience_maker import lawful

pytestmark = pytest.mark.slow

N = 9


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "SHIPPED_FOLDER", tmp_path / "nothing shipped")
    return Settings(home=tmp_path / "home")


def put_into_mlflow(knowledge, settings, experiment="espalier"):
    """Leave the trials in MLflow as trainings do."""
    tracking = Tracking(settings.model_copy(update={"experiment": experiment}))
    for records in knowledge.by_dataset.values():
        known = records[0].dataset
        tags = dataset_tags(known, records[0].versions)
        run_id = tracking.start_run(known.name, tags=tags)
        tracking.trials.log(run_id, [each.result for each in records])
        tracking.finish_run(run_id)
    return tracking


def part(knowledge, *names):
    return KnowledgeBase.of(each for each in knowledge.records if each.dataset.name in names)


def test_what_trainings_leave_is_read_learned_from_and_used(settings, maker, tmp_path):
    whole = maker.knowledge(lawful, 4, N)
    tracking = put_into_mlflow(part(whole, "table0", "table1", "table2"), settings, "first")
    found = read_trials(settings, {}, ["first"])
    assert (found.n_runs, found.n_unreadable) == (3 * N, 0)
    assert read_trials(settings, {}, ["another"]).n_runs == 0
    theirs = {each.key: each for each in whole.records}
    for each in found.records:
        assert each.result == theirs[each.key].result
        assert each.versions == theirs[each.key].versions

    gathered = gather_trials.fn(settings, ())
    assert (gathered.n_added, gathered.n_own, gathered.is_new) == (3 * N, 3 * N, True)
    assert champion_number(settings) is None
    assert open_experience(settings) is None
    learned = fit_predictor.fn(settings, tmp_path / "one", 0)
    assert learned.comparison.present is None
    run_id = tracking.start_run("learn")
    version = register_predictor.fn(tracking, run_id, tmp_path / "one", learned, promoted=True)
    assert (version.number, version.alias) == (1, "champion")
    own = RunExperience(settings)
    own.learned(gathered.n_own)

    # Another experiment; what was read before is not new.
    put_into_mlflow(part(whole, "table3"), settings, "second")
    gathered = gather_trials.fn(settings, ())
    assert (gathered.n_added, gathered.n_own, gathered.is_new) == (N, 4 * N, True)
    learned = fit_predictor.fn(settings, tmp_path / "two", 0)
    assert learned.compared_with == f"{PREDICTOR_MODEL} version 1"
    assert len(learned.comparison.present.by_dataset) == 4
    kept = register_predictor.fn(tracking, run_id, tmp_path / "two", learned, promoted=False)
    assert (kept.number, kept.alias) == (2, "challenger")
    own.learned(gathered.n_own)
    assert not gather_trials.fn(settings, ()).is_new

    opened = open_experience(settings)
    assert opened.source.name == f"{PREDICTOR_MODEL} version 1"
    assert opened.knowledge.card.n_records == 3 * N
    (settings.experience_folder / "version-1" / "experience.json").write_text("{")
    assert open_experience(settings) is None


def test_trials_that_say_too_little_are_counted_and_left_out(settings, maker):
    tracking = Tracking(settings)
    run_id = tracking.start_run("of an older Espalier")
    tracking.trials.log(run_id, [each.result for each in maker.knowledge(lawful, 1, 3).records])
    gathered = gather_trials.fn(settings, ())
    assert (gathered.n_runs, gathered.n_unreadable, gathered.n_own) == (3, 3, 0)


def test_records_that_are_gone_are_read_again(settings, maker):
    put_into_mlflow(maker.knowledge(lawful, 1, 4), settings)
    assert gather_trials.fn(settings, ()).n_added == 4
    own = RunExperience(settings)
    own.records.path.unlink()
    assert own.progress.marks == {}
    assert gather_trials.fn(settings, ()).n_added == 4
