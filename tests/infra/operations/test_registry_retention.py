"""What serves, served, challenges or is compared stays; the rest goes, with its disk."""

from dataclasses import replace

import pytest

from espalier.infra.operations.cleaning import clean_all, tidy_up
from espalier.infra.operations.registry_removal import remove_superfluous
from espalier.infra.operations.registry_retention import (
    KeepRules,
    find_superfluous,
    superfluous_versions,
)
from espalier.infra.registry.registry import (
    RegisteredVersion,
    _give_alias,
    describe_versions,
    list_models,
)
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.decision_log import DecisionLog
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind
from tests.contracts.mlflow_calls import counted_calls


def version(number, *aliases, **tags):
    return RegisteredVersion(
        name="churn",
        version=number,
        alias=aliases[0] if aliases else None,
        run_id=f"r{number}",
        uri=f"models:/churn/{number}",
        aliases=aliases,
        tags=tags,
    )


def promoted(challenger, champion, sequence=1, model="churn"):
    return Decision(
        kind=DecisionKind.PROMOTED,
        model=model,
        version=challenger,
        champion_before=champion,
        champion_after=challenger,
        previous_after=champion,
        actor="test",
        reasons=("It was better.",),
        sequence=sequence,
    )


TEN = [
    version(10, "challenger", compared_with="churn/6"),
    version(9),
    version(8, "champion", compared_with="other/7"),
    version(7),
    version(6),
    version(5, "previous"),
    version(4),
    version(3),
    version(2),
    version(1),
]
LOG = [promoted(3, 1), promoted(4, 3), promoted(5, 4), promoted(8, 5)]


def gone(rules, versions=TEN, log=LOG, **options):
    return [each.version for each in superfluous_versions(versions, log, rules, **options)]


def test_what_served_or_was_compared_stays():
    # 7 and 2 never served; 9 is among the newest two; 6 is what the challenger was compared with.
    assert gone(KeepRules(versions=2)) == [2, 7]
    assert gone(KeepRules(versions=1)) == [2, 7, 9]
    assert gone(KeepRules(versions=2), under_way=[7]) == [2]
    assert gone(KeepRules(versions=20)) == []


@pytest.mark.parametrize(("champions", "left"), [(1, {5}), (2, {4, 5}), (3, {3, 4, 5})])
def test_of_the_champions_before_as_many_stay_as_are_asked_for(champions, left):
    rest = set(range(1, 11)) - set(gone(KeepRules(versions=1, champions=champions)))
    assert rest == left | {6, 8, 10}


def test_a_rollback_stays_possible_without_an_alias():
    # `previous` was deleted by hand: the log knows who was champion before.
    bare = [replace(each, aliases=()) if each.version == 5 else each for each in TEN]
    assert 5 not in gone(KeepRules(versions=1, champions=1), bare)


@pytest.fixture
def store(new_settings):
    """A model with six versions, each with a run, trials and files; and runs without a version."""
    settings = new_settings()
    tracking = Tracking(settings)
    client = tracking.client
    client.create_registered_model("churn")
    for number in range(1, 7):
        run_id = tracking.start_run("churn", tags={run_tags.MODEL: "churn"})
        tracking.log_text(run_id, "x" * 1000, "rows/holdout.txt")
        for trial in range(2):
            nested = client.create_run(
                tracking.experiment_id, tags={run_tags.PARENT: run_id, run_tags.TRIAL: str(trial)}
            )
            client.set_terminated(nested.info.run_id)
        model = client.create_logged_model(tracking.experiment_id, source_run_id=run_id)
        client.create_model_version("churn", source="file:///x", run_id=run_id)
        tracking.finish_run(run_id)
        _give_alias(client, "churn", number)
        assert model.model_id
    log = DecisionLog(settings)
    log.finish(log.open(promoted(3, 1), "better", sequence=1))
    client.set_registered_model_alias("churn", "champion", "3")
    client.set_registered_model_alias("churn", "previous", "1")
    return settings


def runs_of(settings):
    tracking = Tracking(settings)
    return tracking.client.search_runs([tracking.experiment_id], max_results=1000)


def versions_of(settings):
    return [each.version for each in describe_versions("churn", settings)]


def test_old_versions_go_with_their_runs_and_the_disk_is_free(store):
    rules = KeepRules(versions=2)
    options = {"keep": None, "rules": rules, "log_days": 0.0}
    planned = clean_all(store, **options, dry_run=True)
    assert [each.version for each in planned.mlflow.versions] == [2, 4]
    assert versions_of(store) == [6, 5, 4, 3, 2, 1]
    assert len(runs_of(store)) == 18
    files = store.home / "artifacts"
    assert len(list(files.rglob("holdout.txt"))) == 6

    done = clean_all(store, **options, dry_run=False)
    assert [each.version for each in done.mlflow.versions] == [2, 4]
    assert (done.mlflow.n_trials, done.mlflow.advice) == (4, "")
    assert versions_of(store) == [6, 5, 3, 1]
    assert len(runs_of(store)) == 12
    # `mlflow gc` was run: the files are gone, and the rows are not only marked.
    assert len(list(files.rglob("holdout.txt"))) == 4
    client = Tracking(store).client
    from mlflow.entities import ViewType
    from mlflow.exceptions import MlflowException

    experiment = Tracking(store).experiment_id
    assert not client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)
    with pytest.raises(MlflowException):
        client.get_run(done.mlflow.versions[0].run_id)
    assert len(client.search_logged_models([experiment])) == 4
    assert len(DecisionLog(store).read("churn")) == 1


def test_a_removal_that_was_killed_is_completed(store, monkeypatch):
    from mlflow import MlflowClient

    from espalier.infra.operations import registry_removal

    found = find_superfluous(store, KeepRules(versions=2))
    monkeypatch.setattr(registry_removal, "free_disk", lambda *_: "")

    deleted, delete = [], MlflowClient.delete_run

    def killed(self, run_id):
        if len(deleted) == 1:  # in the middle of the first version's trials
            raise KeyboardInterrupt
        deleted.append(run_id)
        delete(self, run_id)

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "delete_run", killed)
        with pytest.raises(KeyboardInterrupt):
            remove_superfluous(found, store)
    assert versions_of(store) == [6, 5, 3, 1]
    assert len(runs_of(store)) == 17
    again = find_superfluous(store, KeepRules(versions=2))
    assert again.versions == ()
    freed = []
    monkeypatch.setattr(registry_removal, "free_disk", lambda _, runs: freed.extend(runs) or "")
    assert remove_superfluous(again, store).n_trials == 4
    assert len(runs_of(store)) == 12
    assert set(deleted) < set(freed)  # the disk of what the killed one had deleted, too
    assert len(freed) == 6


def test_a_version_that_got_an_alias_meanwhile_stays(store, monkeypatch):
    from espalier.infra.operations import registry_removal

    monkeypatch.setattr(registry_removal, "free_disk", lambda *_: "")
    found = find_superfluous(store, KeepRules(versions=2))
    client = Tracking(store).client
    client.set_registered_model_alias("churn", "shadow", "4")
    # A copy of the second under another name has the same run.
    client.create_registered_model("copy")
    client.create_model_version("copy", source="file:///x", run_id=found.versions[0].run_id)
    assert [each.version for each in remove_superfluous(found, store).versions] == [2]
    assert versions_of(store) == [6, 5, 4, 3, 1]
    assert len(runs_of(store)) == 18
    assert [each.version for each in find_superfluous(store, KeepRules(versions=1)).versions] == [5]


def test_runs_without_a_version_go_by_their_age(store, monkeypatch):
    from espalier.infra.operations import registry_removal, registry_retention

    monkeypatch.setattr(registry_removal, "free_disk", lambda *_: "how")
    tracking = Tracking(store)
    failed = tracking.start_run("churn", tags={run_tags.MODEL: "churn"})
    tracking.fail_run(failed, "no luck")
    tracking.start_run("churn", tags={run_tags.MODEL: "churn"})  # still running
    learned = tracking.start_run("learn", tags={run_tags.KIND: "learn"})
    tracking.finish_run(learned)
    assert find_superfluous(store, KeepRules(days=1)).runs == ()
    later = registry_retention.time.time() + 2 * 86_400
    monkeypatch.setattr(registry_retention.time, "time", lambda: later)
    found = find_superfluous(store, KeepRules(days=1))
    assert {run_id for run_id, _ in found.runs} == {failed, learned}
    assert [run_id for run_id, _ in find_superfluous(store, KeepRules(days=1), model="churn").runs]
    assert remove_superfluous(found, store).advice == "how"
    assert find_superfluous(store, KeepRules(days=1)).runs == ()


def test_after_a_training_the_settings_are_kept_at_a_cost_of_its_model_alone(store, monkeypatch):
    from espalier.infra.operations import registry_removal

    monkeypatch.setattr(registry_removal, "free_disk", lambda *_: "")
    settings = store.model_copy(update={"keep_versions": 2, "keep_days": 1.0})
    with counted_calls() as alone:
        assert find_superfluous(settings, KeepRules.of(settings), model="churn").versions
    client = Tracking(settings).client
    for number in range(5):
        client.create_registered_model(f"other {number}")
        client.create_model_version(f"other {number}", source="file:///x")
    with counted_calls() as among_others:
        assert find_superfluous(settings, KeepRules.of(settings), model="churn").versions
    assert among_others == alone
    tidy_up(settings, "churn")
    assert versions_of(settings) == [6, 5, 3, 1]
    assert len(list_models(settings)) == 9


def test_elsewhere_it_is_said_how_the_disk_is_freed(store):
    from espalier.infra.operations.mlflow_disk import free_disk

    elsewhere = store.model_copy(update={"tracking_uri": store.mlflow_uri})
    assert "mlflow gc --older-than" in free_disk(elsewhere, ["a"])
    assert free_disk(elsewhere, []) == ""
    # An experiment that somebody deleted would go for good with it.
    client = Tracking(store).client
    client.delete_experiment(client.create_experiment("by mistake"))
    assert "mlflow gc" in free_disk(store, ["a"])
