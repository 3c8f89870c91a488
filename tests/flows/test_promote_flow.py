"""Promotions as Prefect runs them, on real registries of small real models."""

import json
import os
import subprocess
import sys
import threading
import time
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from espalier.flows.cli.views.version_history import read_history
from espalier.flows.promote_flow import promote
from espalier.flows.rollback_flow import rollback
from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.registry.registry import register_version
from espalier.infra.settings import load_settings
from espalier.infra.tracking.tracking import Tracking
from espalier.infra.tracking.training_rows import TrainingRows, log_training_rows
from espalier.pipelines.data.row_keys import key_columns, row_keys
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.promote import PromoteRequest, RollbackRequest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
N_TRAINED = 400


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Stores of their own, and a Prefect server, for the flows of this module."""
    from espalier.infra.orchestration.server import PrefectServer

    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("ESPALIER_HOME", str(home))
        patch.delenv("PREFECT_API_URL", raising=False)
        with PrefectServer(load_settings()).start() as server:
            server.wait()
            from prefect.settings import PREFECT_API_URL, temporary_settings

            with temporary_settings({PREFECT_API_URL: server.url}):
                yield home


def shop_rows(n, seed):
    """In the north, y hangs on ``x2``; in the south, on ``x1``; three in four are in the north."""
    rng = np.random.default_rng(seed)
    x1, x2 = rng.normal(size=(2, n))
    north = rng.random(n) < 0.75
    chance = 1.0 / (1.0 + np.exp(-4.0 * np.where(north, x2, x1)))
    return pd.DataFrame(
        {
            "x1": x1,
            "x2": x2,
            "region": np.where(north, "north", "south"),
            "bought": np.where(rng.random(n) < chance, "yes", "no"),
        }
    )


@dataclass(frozen=True)
class Shop:
    """Models to choose from: ``south`` knows x1 only, ``north`` x2 only, ``both`` all."""

    tracking: Tracking
    table: pd.DataFrame
    versions: dict

    def offer(self, name, *kinds, **changes):
        """Register these models as the versions of a name; the first serves, the last wants to."""
        client = self.tracking.client
        client.create_registered_model(name)
        for kind in kinds:
            made = self.versions[kind]
            client.create_model_version(
                name, source=made["source"], run_id=made["run_id"], tags=made["tags"]
            )
        client.set_registered_model_alias(name, "champion", "1")
        if len(kinds) > 1:
            client.set_registered_model_alias(name, "challenger", str(len(kinds)))
        return PromoteRequest(name=name, actor="ann", **changes)


@pytest.fixture(scope="module")
def shop(home, tmp_path_factory):
    from espalier.pipelines.automl.estimators import AutoMLClassifier
    from espalier.pipelines.serving.saved_model import save_model

    table = shop_rows(600, 0)
    tracking = Tracking(load_settings())
    keys, columns = row_keys(table), key_columns(table)
    versions = {}
    known = {"south": ["x1", "region"], "north": ["x2", "region"], "both": ["x1", "x2", "region"]}
    for kind, features in known.items():
        X, y = table[features].head(N_TRAINED), table["bought"].head(N_TRAINED)
        fitted = AutoMLClassifier(
            time_budget=None, n_trials=1, families=["linear"], random_state=0
        ).fit(X, y)
        run_id = tracking.start_run(kind)
        tracking.log_params(run_id, {"target": "bought"})
        kept = TrainingRows(
            columns=columns,
            trained=keys[:N_TRAINED],
            held_out=keys[N_TRAINED:],
            holdout=table.iloc[N_TRAINED:],
        )
        log_training_rows(tracking, run_id, kept)
        folder = save_model(fitted.model_, tmp_path_factory.mktemp(kind), golden=X.head(4))
        made = register_version(
            tracking,
            name=f"stock {kind}",
            run_id=run_id,
            folder=folder,
            example=X,
            tags={"metric": "roc_auc", "fingerprint": f"data of {kind}", "holdout_score": 0.7},
        )
        source = tracking.client.get_model_version(made.name, str(made.version)).source
        versions[kind] = {"run_id": run_id, "source": source, "tags": dict(made.tags)}
    return Shop(tracking, table, versions)


@pytest.fixture(scope="module", autouse=True)
def answers_once():
    """Let each model answer the same rows once; the process that it takes costs seconds."""
    from espalier.infra.registry.scoring import score_rows
    from espalier.infra.tracking.store import make_client
    from espalier.tasks.promotion import compare_models as weigh_evidence

    known = {}

    def remembered(version, rows, settings):
        saved = make_client(settings).get_model_version(version.name, str(version.version))
        key = (saved.source, tuple(row_keys(rows)))
        if key not in known:
            known[key] = score_rows(version, rows, settings)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weigh_evidence, "score_version", remembered)
        yield


def aliases(name):
    found = AliasKeeper(load_settings(), name).read()
    return found.champion, found.challenger, found.previous


def log(name):
    return AliasKeeper(load_settings(), name).log.read(name)


def artifact(key):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
    from prefect.client.schemas.sorting import ArtifactSort

    with get_client(sync_client=True) as client:
        found = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])),
            sort=ArtifactSort.CREATED_DESC,
        )
    return found[0].data


def test_a_better_challenger_serves_and_the_story_is_told(shop):
    report = promote(shop.offer("better", "south", "both", slices="region", slice_limit=0.9))
    assert report.outcome == "promoted", report.reasons
    assert aliases("better") == (2, None, 1)
    assert report.numbers["n_rows"] == 200  # the hold-out of both, once
    assert report.numbers["challenger_score"] > report.numbers["champion_score"]
    assert report.numbers["low"] > 0
    page = artifact("promotion")
    assert "better/2 serves now" in page
    assert "region = south" in page
    run = shop.tracking.client.get_run(report.run_id)
    assert run.data.metrics["difference"] == pytest.approx(report.numbers["difference"])
    assert run.data.tags["espalier.actor"] == "ann"
    new, old = read_history("better", load_settings())
    assert (new.version, new.aliases, new.decision, new.actor) == (
        2,
        ("champion",),
        "promoted",
        "ann",
    )
    assert new.reasons == report.reasons
    assert (old.version, old.aliases, old.decision) == (1, ("previous",), "first")

    again = promote(PromoteRequest(name="better"))
    assert (again.outcome, again.champion) == ("nothing to promote", 2)
    assert len(log("better")) == 1


def test_a_worse_challenger_does_not(shop):
    report = promote(shop.offer("worse", "both", "south"))
    assert report.outcome == "kept"
    assert "not sure enough" in report.reasons[0]
    assert aliases("worse") == (1, 2, None)
    assert [each.kind for each in log("worse")] == ["kept"]


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("in a slice", {"slices": "region"}, ["region is south"]),
        (
            "by limits",
            {
                "slices": "region",
                "slice_limit": 0.05,
                "max_latency_ms": 0.0001,
                "max_size_mb": 0.0001,
                "policy": "never",
            },
            ["limit is 0.05", "ms a row; the limit is 0.0001", "MB; the limit is 0.0001"],
        ),
        ("few rows", {"min_rows": 201}, ["Only 200 rows", "201 are needed"]),
        ("never", {"policy": "never"}, ["policy is never"]),
        ("another metric", {"metric": "rmse"}, ["'rmse' does not fit"]),
    ],
)
def test_a_veto_keeps_the_champion(shop, name, asked, said):
    report = promote(shop.offer(f"veto {name}", "south", "north", **asked))
    assert report.outcome == "kept"
    reasons = " ".join(report.reasons)
    assert all(each in reasons for each in said), reasons
    assert aliases(f"veto {name}") == (1, 2, None)


def test_rows_that_are_brought_count_without_those_trained_on(shop, tmp_path):
    fresh = shop_rows(150, 1)
    fresh.loc[:9, "bought"] = None
    rows = pd.concat([shop.table.head(N_TRAINED), fresh], ignore_index=True)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    request = shop.offer("brought", "south", "north", data=str(tmp_path / "rows.csv"))
    report = promote(request)
    assert report.outcome == "promoted", report.reasons
    assert report.numbers["n_rows"] == 140
    assert "400 of 540 rows were left out: trained on" in artifact("promotion")


def test_without_a_record_of_rows_nothing_is_promoted(shop, home):
    run_id = shop.tracking.start_run("old")
    shop.tracking.log_params(run_id, {"target": "bought"})
    shop.versions["old"] = shop.versions["south"] | {"run_id": run_id}
    report = promote(shop.offer("no record", "old", "both"))
    assert report.outcome == "kept"
    assert "version 1 was trained on are not on record" in report.reasons[0]


def test_a_hand_made_change_is_respected_and_recorded(shop):
    request = shop.offer("by hand", "north", "south", "both")
    shop.tracking.client.set_registered_model_alias("by hand", "champion", "2")
    report = promote(request)
    assert report.outcome == "promoted", report.reasons
    assert "from version 1 to version 2" in report.noticed[0]
    assert report.champion_before == 2
    assert [(each.kind, each.champion_after) for each in log("by hand")] == [
        ("by hand", 2),
        ("promoted", 3),
    ]
    shop.tracking.client.set_registered_model_alias("by hand", "champion", "1")
    assert "from version 3 to version 1" in promote(request).noticed[0]
    assert aliases("by hand")[0] == 1
    history = {row.version: row.decision for row in read_history("by hand", load_settings())}
    assert history == {3: "promoted", 2: "by hand", 1: "by hand"}


def test_rollbacks_go_back_one_by_one(shop):
    request = shop.offer("back", "south", "north", "both", margin=-0.2)
    client = shop.tracking.client
    client.set_registered_model_alias("back", "challenger", "2")
    assert promote(request).promoted
    client.set_registered_model_alias("back", "challenger", "3")
    assert promote(request).promoted
    assert aliases("back") == (3, None, 2)
    done = rollback(RollbackRequest(name="back", reason="It is too slow.", actor="bob"))
    assert (done.champion_after, done.previous_after, done.actor) == (2, 1, "bob")
    assert aliases("back") == (2, None, 1)
    rollback(RollbackRequest(name="back"))
    assert aliases("back") == (1, None, None)
    with pytest.raises(UserError, match="no previous champion"):
        rollback(RollbackRequest(name="back"))
    rows = {row.version: row for row in read_history("back", load_settings())}
    assert (rows[3].decision, rows[3].reasons[-1]) == ("rolled back", "It is too slow.")
    assert promote(request).outcome == "nothing to promote"  # what was rolled back stays away


def paused_run(name):
    """Wait until the promotion of ``name`` asks, and return its flow run."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

    wanted = FlowRunFilter(name=FlowRunFilterName(any_=[f"promote {name}"]))
    with get_client(sync_client=True) as client:
        for _ in range(600):
            runs = client.read_flow_runs(flow_run_filter=wanted)
            if runs and runs[0].state.is_paused():
                return runs[0]
            time.sleep(0.5)
    raise AssertionError(f"{name} was never paused")


@pytest.mark.parametrize(
    ("answer", "outcome"), [("promote", "promoted"), ("keep the champion", "declined")]
)
def test_a_person_has_the_last_word(shop, answer, outcome):
    from prefect.flow_runs import resume_flow_run

    name = f"approve {outcome}"
    request, reports = shop.offer(name, "south", "both", policy="approve"), []
    # A new thread begins without the settings of this one, the server's address among them.
    thread = threading.Thread(
        target=copy_context().run, args=(lambda: reports.append(promote(request)),), daemon=True
    )
    thread.start()
    run = paused_run(name)
    time.sleep(1)  # the form is saved a moment after the state
    resume_flow_run(run.id, {"answer": answer, "comment": "I looked at it. Eve"})
    thread.join(300)
    [report] = reports
    # A name that somebody types is a comment, nothing more.
    assert (report.outcome, report.actor) == (outcome, "somebody in the Prefect UI")
    assert "I looked at it. Eve" in report.reasons[0]
    assert aliases(name)[0] == (2 if outcome == "promoted" else 1)


def test_without_an_answer_the_champion_stays(shop):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

    request = shop.offer("silence", "south", "both", policy="approve", approval_hours=0.0005)
    assert promote(request).outcome == "unanswered"
    assert aliases("silence") == (1, 2, None)
    wanted = FlowRunFilter(name=FlowRunFilterName(any_=["promote silence"]))
    with get_client(sync_client=True) as client:
        assert client.read_flow_runs(flow_run_filter=wanted)[0].state.is_completed()


@pytest.fixture
def told(tmp_path, monkeypatch):
    """What was sent to the target of the setting `notify`."""
    out, script = tmp_path / "told.jsonl", tmp_path / "tell.py"
    script.write_text(f"import sys; open({str(out)!r}, 'a').write(sys.stdin.read() + chr(10))")
    monkeypatch.setenv("ESPALIER_NOTIFY", f"{sys.executable} {script}")
    return lambda: [json.loads(line) for line in out.read_text().splitlines()]


@pytest.fixture
def deployed(home):
    """Make runs of the deployment of `promote`, and carry them out as a runner does."""
    import asyncio

    from prefect.client.orchestration import get_client
    from prefect.exceptions import Pause
    from prefect.flow_engine import run_flow

    from espalier.flows.serving.deployments import make_deployments
    from espalier.flows.serving.publishing import publish
    from espalier.flows.serving.runner import ServingRunner
    from espalier.infra.orchestration.owners import Owner

    runner = ServingRunner(name="test", pause_on_shutdown=False)
    asyncio.run(publish(runner, make_deployments(), Owner("us")))

    class Deployed:
        def start(self, request):
            with get_client(sync_client=True) as client:
                made = client.read_deployment_by_name("promote/promote")
                asked = {"request": request.model_dump(mode="json")}
                return client.create_flow_run_from_deployment(made.id, parameters=asked).id

        def carry_out(self, run_id):
            """Return the report; None if the run was suspended."""
            with get_client(sync_client=True) as client:
                run = client.read_flow_run(run_id)
            try:
                return run_flow(promote, flow_run=run, parameters=run.parameters)
            except Pause:
                return None

        def state(self, run_id):
            with get_client(sync_client=True) as client:
                return client.read_flow_run(run_id).state

    return Deployed()


def events(name, n):
    """Return the ``n`` events of a model on the server, oldest first."""
    from prefect.client.orchestration import get_client
    from prefect.events.filters import EventFilter, EventNameFilter, EventResourceFilter

    wanted = EventFilter(
        event=EventNameFilter(prefix=["espalier."]),
        resource=EventResourceFilter(id=[f"espalier.model.{name}"]),
    )
    with get_client(sync_client=True) as client:
        for _ in range(300):  # they are sent and stored in the background
            reply = client.request(
                "POST", "/events/filter", json={"filter": wanted.model_dump(mode="json")}
            )
            found = reply.json()["events"]
            if len(found) >= n:
                break
            time.sleep(0.2)
    return [each["event"] for each in sorted(found, key=lambda each: each["occurred"])]


def test_a_question_outlives_its_process(shop, home, deployed, told, monkeypatch):
    from prefect.flow_runs import resume_flow_run

    from espalier.flows import promote_flow
    from espalier.infra.operations.dead_runs import end_dead_runs

    request = shop.offer("suspended", "south", "both", policy="approve")
    run_id = deployed.start(request)
    assert deployed.carry_out(run_id) is None  # the process ends here
    assert deployed.state(run_id).name == "Suspended"
    assert list(home.glob("processes/*.json")) == []
    assert end_dead_runs(load_settings()).flow_runs == ()
    assert [each["event"] for each in told()] == ["espalier.promotion.asked"]
    assert "suspended/2 waits for a person" in told()[0]["text"]
    assert f"{run_id}" in told()[0]["url"]

    # Asking again while it waits asks nobody twice, and measures nothing.
    with monkeypatch.context() as patch:
        patch.setattr(promote_flow, "compare_models", None)
        other = deployed.carry_out(deployed.start(request))
        assert other.outcome == "a person is asked"
        assert "'promote suspended'" in other.reasons[0]

        # The answer comes to another process, which was not there when it was measured.
        resume_flow_run(run_id, {"answer": "promote", "comment": "Eve looked at it."})
        assert deployed.state(run_id).type.value == "SCHEDULED"
        report = deployed.carry_out(run_id)
    assert (report.outcome, report.actor) == ("promoted", "somebody in the Prefect UI")
    assert "Eve looked at it." in report.reasons[0]
    assert report.reasons[-1] == "It was asked for in the name of 'ann'."
    assert report.numbers["low"] > 0
    assert aliases("suspended") == (2, None, 1)
    assert [each["event"] for each in told()[1:]] == ["espalier.promotion.promoted"]
    assert events("suspended/2", 2) == ["espalier.promotion.asked", "espalier.promotion.promoted"]


def test_a_question_that_nobody_answers_expires_with_a_word(shop, deployed, told):
    from espalier.infra.orchestration.questions import expire_questions

    request = shop.offer("late", "south", "both", policy="approve", approval_hours=0.001)
    run_id = deployed.start(request)
    assert deployed.carry_out(run_id) is None
    assert expire_questions("owner:them") == ()
    time.sleep(4)
    assert expire_questions("owner:us") == ("promote late",)
    assert deployed.carry_out(run_id).outcome == "unanswered"
    assert deployed.state(run_id).is_completed()
    assert [each.kind for each in log("late")] == ["unanswered"]
    assert "nobody answered in time" in told()[-1]["text"]
    assert aliases("late") == (1, 2, None)


def test_a_newer_challenger_and_a_decision_elsewhere_close_a_question(shop, deployed):
    request = shop.offer("newer", "south", "both", policy="approve")
    old = deployed.start(request)
    assert deployed.carry_out(old) is None
    both = shop.versions["both"]
    made = shop.tracking.client.create_model_version(
        "newer", source=both["source"], run_id=both["run_id"], tags=both["tags"]
    )
    shop.tracking.client.set_registered_model_alias("newer", "challenger", made.version)
    new = deployed.start(request)
    assert deployed.carry_out(new) is None
    assert deployed.state(old).is_cancelled()
    assert promote(PromoteRequest(name="newer")).outcome == "promoted"
    assert deployed.state(new).is_cancelled()
    assert "newer/3 promoted by another run" in deployed.state(new).message


def test_a_retraining_leaves_the_asking_to_a_run_of_its_own(shop, home, deployed):
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.flow_engine import run_flow

    from espalier.flows.progress.hand_over import hand_over_promotion

    request = shop.offer("handed over", "south", "both", policy="approve")

    @flow(name="retrain", persist_result=False)
    def retrain(request):
        return hand_over_promotion(request), hand_over_promotion(request)

    assert retrain(request) == (None, None)  # a script waits itself
    with get_client(sync_client=True) as client:
        made = client.read_deployment_by_name("retrain/retrain")
        run = client.create_flow_run_from_deployment(made.id, parameters={"request": {"name": "x"}})
        names = run_flow(retrain, flow_run=run, parameters={"request": request})
        assert names == ("promote handed over", "promote handed over")
        beside = client.read_deployment_by_name("promote/promote")
        runs = [
            each
            for each in client.read_flow_runs()
            if each.name == names[0] and each.deployment_id == beside.id
        ]
    (asking,) = runs
    assert deployed.carry_out(asking.id) is None
    assert deployed.state(asking.id).name == "Suspended"


def command(home, *arguments, server=None):
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PREFECT_", "MLFLOW_", "ESPALIER_"))
    }
    extra = {} if server is None else {"PREFECT_API_URL": server}
    return subprocess.Popen(
        [sys.executable, "-m", "espalier.flows.cli.app", *map(str, arguments)],
        env=kept | extra | {"ESPALIER_HOME": str(home), "PYTHONPATH": str(ROOT / "src")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_of_two_promotions_at_once_one_moves_the_aliases(shop, home, tmp_path):
    from prefect.settings import PREFECT_API_URL

    shop.offer("at once", "south", "both")
    started = [
        command(
            home,
            "promote",
            "at once",
            "--actor",
            who,
            "--json",
            tmp_path / f"{who}.json",
            server=PREFECT_API_URL.value(),
        )
        for who in ("ann", "bob")
    ]
    ended = [(*process.communicate(timeout=500), process.returncode) for process in started]
    promoted = [each for each in log("at once") if each.kind == "promoted"]
    assert len(promoted) == 1, ended
    assert aliases("at once") == (2, None, 1)
    assert AliasKeeper(load_settings(), "at once").notice() is None
    [winner] = [at for at, each in enumerate(ended) if "promoted: at once/2 serves now" in each[0]]
    loser = ended[1 - winner]
    assert "by now" in loser[1] or "nothing to promote" in loser[0], ended


def test_the_command_line_shows_it_as_json_and_rolls_back(shop, home, tmp_path):
    from prefect.settings import PREFECT_API_URL

    shop.offer("by command", "south", "both")
    refused = tmp_path / "refused.json"
    process = command(home, "promote", "by command", "--policy", "approve", "--json", refused)
    _, error = process.communicate(timeout=500)
    assert process.returncode == 2
    assert "needs somebody to ask" in error
    assert json.loads(refused.read_text()) == {
        "model": "by command",
        "outcome": "refused",
        "reasons": [error.strip()[len("error: ") :]],
    }
    server = PREFECT_API_URL.value()
    process = command(home, "promote", "by command", "--policy", "approve", "--yes", server=server)
    out, error = process.communicate(timeout=500)
    assert "promoted: by command/2 serves now" in out, error
    out, error = command(home, "rollback", "by command", server=server).communicate(timeout=500)
    assert "by command/1 serves now; nobody is left" in out, error
    out, error = command(home, "history", "by command", "--json").communicate(timeout=500)
    record = json.loads(out)
    assert [each["decision"] for each in record["versions"]] == ["rolled back", "first"]
    assert [each["kind"] for each in record["decisions"]] == ["promoted", "rolled back"]
    out, error = command(home, "history", "by command").communicate(timeout=500)
    assert "version 1 serves now" in out, error
