"""Learning from MLflow: what trainings left there is read, learned from, and used by the next."""

import json

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from espalier.infra.registry.experience_source import open_experience
from espalier.infra.registry.registry import PREDICTOR_MODEL, list_models
from espalier.infra.registry.run_experience import RunExperience
from espalier.infra.settings import load_settings
from espalier.infra.tracking.tracking import Tracking
from espalier.infra.tracking.trial_reader import dataset_tags
from espalier.pipelines.experience import shipped
from espalier.pipelines.experience.knowledge import CARD_FILE
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.schema import to_table
from espalier.pipelines.requests.learn import LearnRequest
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.trials.configuration import Configuration
from tests.experience_maker import lawful

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

N = 10


def put_into_mlflow(knowledge, settings, experiment):
    """Leave the trials in MLflow as trainings do."""
    tracking = Tracking(settings.model_copy(update={"experiment": experiment}))
    for records in knowledge.by_dataset.values():
        known = records[0].dataset
        tags = dataset_tags(known, records[0].versions)
        run_id = tracking.start_run(known.name, tags=tags)
        tracking.trials.log(run_id, [each.result for each in records])
        tracking.finish_run(run_id)


@pytest.fixture(scope="module")
def nothing_shipped(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shipped, "SHIPPED_FOLDER", tmp_path_factory.mktemp("shipped"))
        yield


@pytest.fixture(scope="module")
def learned(flow_home, nothing_shipped, maker):
    """Two experiments of trials, learned from."""
    from espalier.flows.learn_flow import learn

    settings = load_settings()
    put_into_mlflow(maker.knowledge(lawful, 3, N), settings, "first")
    four = maker.knowledge(lawful, 4, N)
    fourth = [each for each in four.records if each.dataset.name == "table3"]
    put_into_mlflow(KnowledgeBase.of(fourth), settings, "second")
    before = learn(LearnRequest(experiments=("first",)))
    return settings, four, before, learn(LearnRequest())


def test_trials_of_all_experiments_come_back_as_they_were(learned):
    settings, four, before, report = learned
    assert (before.gathered.n_added, report.gathered.n_added) == (3 * N, N)
    assert report.gathered.n_unreadable == 0
    own = RunExperience(settings).records.read()
    assert len(own) == 4 * N
    theirs = {each.key: each for each in four.records}
    for each in own.records:
        expected = theirs[each.key]
        assert each.result == expected.result
        assert each.dataset.key == expected.dataset.key
        assert each.versions == expected.versions
        np.testing.assert_allclose(
            each.dataset.meta.values, expected.dataset.meta.values, rtol=1e-4
        )


def test_the_predictor_is_a_registered_model_with_its_story(learned):
    settings, four, before, report = learned
    assert (before.verdict, report.verdict) == ("promoted", "promoted")
    client = MlflowClient(settings.mlflow_uri)
    model = client.get_registered_model(PREDICTOR_MODEL)
    assert {name: int(at) for name, at in model.aliases.items()} == {"champion": 2, "previous": 1}
    version = client.get_model_version(PREDICTOR_MODEL, "2")
    assert version.tags["compared_with"] == f"{PREDICTOR_MODEL} version 1"
    run = client.get_run(report.run_id)
    assert run.data.tags["espalier.outcome"] == "promoted"
    assert run.data.metrics["n_records"] == 4 * N
    assert run.data.metrics["median_spearman"] == pytest.approx(
        report.learned.comparison.fresh.median
    )
    assert not list_models(settings)  # it takes no rows, so the commands do not show it
    mlflow.set_tracking_uri(settings.mlflow_uri)
    served = mlflow.pyfunc.load_model(f"models:/{PREDICTOR_MODEL}@champion")
    answers = served.predict(to_table(four).to_pandas())
    assert len(answers) == len(four)
    assert answers["expected_quantile"].between(0, 1).all()


def test_what_is_known_already_is_not_learned_again(learned):
    from espalier.flows.learn_flow import learn

    again = learn(LearnRequest())
    assert again.verdict == "nothing new"
    assert "nothing new" in again.lines[-1]
    assert RunExperience(learned[0]).progress.n_learned == 4 * N


def test_what_may_not_serve_stays_challenger(learned):
    from espalier.flows.learn_flow import learn

    kept = learn(LearnRequest(promote="never", force=True))
    assert kept.verdict == "kept"
    model = MlflowClient(learned[0].mlflow_uri).get_registered_model(PREDICTOR_MODEL)
    assert int(model.aliases["champion"]) == 2
    assert int(model.aliases["challenger"]) == kept.version.number


def test_trials_without_their_dataset_are_counted_and_left_out(learned, maker):
    from espalier.flows.learn_flow import learn

    settings = learned[0]
    tracking = Tracking(settings)
    run_id = tracking.start_run("old")
    results = [each.result for each in maker.knowledge(lawful, 1, 8).records]
    tracking.trials.log(run_id, results)
    report = learn(LearnRequest())
    assert report.gathered.n_unreadable == 8
    assert report.verdict == "nothing new"


def test_who_wants_none_gets_none_and_a_damaged_champion_stops_nobody(learned):
    settings = learned[0]
    opened = open_experience(settings)
    assert opened.source.name == f"{PREDICTOR_MODEL} version 2"
    assert open_experience(load_settings().model_copy(update={"experience": None})) is not None
    from espalier.infra.settings import NO_EXPERIENCE

    assert open_experience(settings.model_copy(update={"experience": NO_EXPERIENCE})) is None
    card = opened.source.folder / CARD_FILE
    text = card.read_text()
    card.write_text("{")
    assert open_experience(settings) is None
    card.write_text(text)


def test_a_second_training_starts_from_what_won_the_first(learned, tmp_path):
    from espalier.flows.learn_flow import learn
    from espalier.flows.train_flow import train

    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(160, 3)).round(3), columns=list("abc"))
    table["y"] = np.where(table["a"] + 0.5 * table["b"] > 0.2, "yes", "no")
    table.to_csv(tmp_path / "new.csv", index=False)
    request = TrainRequest(
        data=str(tmp_path / "new.csv"),
        target="y",
        trials=9,
        families=("linear", "lightgbm"),
        workers=1,
    )
    first = train(request)
    best = next(row.configuration for row in first.leaderboard if row.score is not None)
    report = learn(LearnRequest(force=True))
    assert report.gathered.n_added == len(first.leaderboard)
    assert report.learned.comparison.present is not None
    second = train(request.model_copy(update={"seed": 1}))
    tried = sorted(second.leaderboard, key=lambda row: row.trial)
    assert tried[0].origin == "warm_start"
    wins = [row.configuration for row in tried[:4]]
    assert _plain(best) in [_plain(each) for each in wins]
    said = [line for line in second.notes if line.startswith("experience:")]
    assert "won on this very dataset before" in said[0]
    client = MlflowClient(load_settings().mlflow_uri)
    place = client.download_artifacts(second.run_id, "experience.json", str(tmp_path))
    with open(place) as file:
        assert json.load(file)["similar_datasets"][0]["name"] == "new"


def _plain(configuration):
    if isinstance(configuration, Configuration):
        return configuration.to_dict()
    return dict(configuration)
