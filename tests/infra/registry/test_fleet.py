"""What is asked of the registry does not grow with the number of models and versions."""

import threading
from contextlib import suppress

import pytest

from espalier.infra.operations.cleaning import clean_run_folders
from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.registry.model_runs import run_to_extend
from espalier.infra.registry.registry import (
    CHALLENGER,
    CHAMPION,
    _give_alias,
    list_models,
    resolve,
)
from espalier.infra.registry.registry_lock import RegistryLock
from espalier.infra.registry.registry_pages import aliases_of
from espalier.infra.runs.notes import MLFLOW_RUN
from espalier.infra.runs.store import RunStore
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.decision_log import DecisionLog
from espalier.infra.tracking.store import find_experiment, make_client
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind
from tests.contracts.mlflow_calls import counted_calls


def add_version(client, settings, name, *, folder=None):
    """Register a version whose run is real, with no files behind it."""
    from mlflow.exceptions import MlflowException

    tags = {} if folder is None else {run_tags.FOLDER: str(folder)}
    run = client.create_run(find_experiment(client, settings), tags=tags)
    with suppress(MlflowException):
        client.create_registered_model(name)
    made = client.create_model_version(name, source="file:///nowhere", run_id=run.info.run_id)
    return int(made.version), run.info.run_id


def decision(model, version, **changes):
    facts = {
        "kind": DecisionKind.KEPT,
        "model": model,
        "version": version,
        "champion_before": 1,
        "champion_after": 1,
        "previous_after": None,
        "actor": "test",
        "reasons": ("It was no better.",),
    }
    return Decision(**(facts | changes))


@pytest.fixture
def fleet(new_settings):
    """Return a store of some models with some versions each, and its settings."""

    def make(n_models, n_versions):
        settings = new_settings()
        client, log = make_client(settings), DecisionLog(settings)
        for model in range(n_models):
            for number in range(n_versions):
                folder = settings.runs_folder / f"{model:08x}{number:08x}" if not model else None
                version, run_id = add_version(client, settings, f"m{model}", folder=folder)
                if folder is not None:  # the runs of this machine
                    store = RunStore(folder)
                    store.note(MLFLOW_RUN, run_id)
                    store.mark_finished({"model": "m0"})
                _give_alias(client, f"m{model}", version)
            log.finish(log.open(decision(f"m{model}", 1), "kept", sequence=1))
        return settings

    return make


def work_of_a_training(settings):
    """Do what a retraining, its promotion and its tidying ask of the registry."""
    with counted_calls() as counts:
        resolve("m0", settings)
        run_to_extend("m0", settings)
        keeper = AliasKeeper(settings, "m0")
        keeper.notice()
        keeper.pile()
        keeper.carry_out(decision("m0", 2), "kept")
        clean_run_folders(settings, keep=1, dry_run=True)
    return counts


def test_a_training_asks_no_more_of_a_large_registry(fleet):
    small, large = work_of_a_training(fleet(1, 3)), work_of_a_training(fleet(6, 3))
    assert small == large
    assert sum(small.values()) < 60


def test_listing_asks_for_pages_not_for_versions(fleet):
    settings = fleet(4, 3)
    with counted_calls() as counts:
        found = list_models(settings)
    assert [(each.name, each.version) for each in found][:4] == [
        ("m0", 3),
        ("m0", 2),
        ("m0", 1),
        ("m1", 3),
    ]
    assert [each.aliases for each in found][:3] == [("challenger",), (), ("champion",)]
    assert sum(counts.values()) == 2


@pytest.mark.parametrize("name", ["m0", "it's", 'it\'s "x"'])
def test_the_decisions_of_one_model_are_selected_by_the_store(new_settings, name):
    from mlflow import MlflowClient

    settings = new_settings()
    log = DecisionLog(settings)
    for each in (name, "another", name + "2"):
        log.finish(log.open(decision(each, 1), "kept", sequence=1))
    read, search = [], MlflowClient.search_runs

    def spying(self, *args, **options):
        page = search(self, *args, **options)
        read.extend(run.data.tags[run_tags.MODEL] for run in page)
        return page

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MlflowClient, "search_runs", spying)
        assert [each.model for each in log.read(name)] == [name]
    both = "'" in name and '"' in name  # MLflow's filters have no word for it
    assert read == [name] or both


def test_a_folder_behind_an_alias_stays(fleet):
    settings = fleet(1, 3)
    gone = clean_run_folders(settings, keep=1, dry_run=True)
    # The newest is kept, the first serves; what is between them goes.
    assert [each.folder.name[-1] for each in gone] == ["1"]


# --- aliases ----------------------------------------------------------------------------------


def test_a_new_version_waits_for_the_lock_of_a_promotion(new_settings):
    settings = new_settings()
    client = make_client(settings)
    for _ in range(2):
        add_version(client, settings, "churn")
    _give_alias(client, "churn", 1)
    with RegistryLock(client, "churn"):
        registering = threading.Thread(target=_give_alias, args=(client, "churn", 2))
        registering.start()
        registering.join(1.0)
        assert registering.is_alive()
        assert CHALLENGER not in client.get_registered_model("churn").aliases
    registering.join(60)
    assert aliases_of(client, "churn") == {CHAMPION: "1", CHALLENGER: "2"}


def test_an_older_version_does_not_take_the_alias_of_a_newer_one(new_settings):
    settings = new_settings()
    client = make_client(settings)
    for _ in range(3):
        add_version(client, settings, "churn")
    for version in (1, 3, 2):  # the second was slow
        _give_alias(client, "churn", version)
    assert aliases_of(client, "churn") == {CHAMPION: "1", CHALLENGER: "3"}


def test_a_promotion_leaves_a_challenger_that_came_meanwhile(new_settings, monkeypatch):
    settings = new_settings()
    client = make_client(settings)
    for _ in range(3):
        add_version(client, settings, "churn")
    for version in (1, 2):
        _give_alias(client, "churn", version)
    keeper = AliasKeeper(settings, "churn")
    move = keeper.client.set_registered_model_alias

    def meanwhile(name, alias, version):
        move(name, alias, version)
        if alias == CHAMPION:  # a person, or an Espalier that takes no lock
            client.set_registered_model_alias(name, CHALLENGER, "3")

    monkeypatch.setattr(keeper.client, "set_registered_model_alias", meanwhile)
    promoted = decision("churn", 2, kind=DecisionKind.PROMOTED, champion_after=2, previous_after=1)
    keeper.carry_out(promoted, "promoted")
    now = keeper.read()
    assert (now.champion, now.previous, now.challenger) == (2, 1, 3)
