"""Rollbacks and the history they leave, on a real registry of versions without files."""

import json
from contextlib import redirect_stdout
from io import StringIO

import pytest

from espalier.flows.cli.views.version_history import read_history, show_history
from espalier.infra.actor import current_actor
from espalier.infra.environment import quiet_environment
from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.registry.training_facts import TrainingFacts, training_facts
from espalier.infra.settings import Settings
from espalier.infra.tracking.store import make_client
from espalier.infra.tracking.tracking import Tracking
from espalier.infra.tracking.training_rows import TrainingRows, log_training_rows
from espalier.pipelines.data.row_keys import key_columns, row_keys
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind
from espalier.pipelines.requests.promote import PromoteRequest, RollbackRequest
from espalier.tasks.promotion.find_candidates import find_candidates
from espalier.tasks.promotion.gather_comparison_rows import gather_comparison_rows
from espalier.tasks.promotion.roll_back import roll_back

quiet_environment()


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(home=tmp_path_factory.mktemp("home"), tracking_uri=None, registry_uri=None)


def make(settings, name, n=3, runs=()):
    client = make_client(settings)
    client.create_registered_model(name)
    for at in range(n):
        client.create_model_version(
            name,
            source="file:///nowhere",
            run_id=runs[at] if runs else None,
            tags={"metric": "rmse", "holdout_score": f"{at}.5", "fingerprint": "abc"},
        )
    client.set_registered_model_alias(name, "champion", "1")
    client.set_registered_model_alias(name, "challenger", str(n))
    return client


def promoted(settings, name, before, after):
    AliasKeeper(settings, name).carry_out(
        Decision(
            kind=DecisionKind.PROMOTED,
            model=name,
            version=after,
            champion_before=before,
            champion_after=after,
            previous_after=before,
            actor="ann",
            reasons=("Better.",),
        ),
        "",
    )


def aliases(settings, name):
    found = AliasKeeper(settings, name).read()
    return found.champion, found.challenger, found.previous


def test_rollbacks_go_back_one_by_one_and_are_told(settings):
    make(settings, "back")
    promoted(settings, "back", 1, 2)
    promoted(settings, "back", 2, 3)
    first = roll_back(RollbackRequest(name="back", reason="It is slow."), settings, actor="bob")
    assert (first.champion_after, first.previous_after, first.actor) == (2, 1, "bob")
    assert aliases(settings, "back") == (2, None, 1)
    roll_back(RollbackRequest(name="back"), settings, actor="bob")
    assert aliases(settings, "back") == (1, None, None)
    with pytest.raises(UserError, match="no previous champion to put back; there is version 1, 2"):
        roll_back(RollbackRequest(name="back"), settings, actor="bob")

    rows = {row.version: row for row in read_history("back", settings)}
    assert list(rows) == [3, 2, 1]
    assert (rows[3].decision, rows[3].reasons[1]) == ("rolled back", "It is slow.")
    assert (rows[1].decision, rows[1].aliases) == ("first", ("champion",))
    assert rows[2].holdout_score == 1.5
    tags = make_client(settings).get_model_version("back", "3").tags
    assert (tags["espalier.decision"], tags["espalier.replaced_by"]) == ("rolled back", "2")


def test_a_rollback_goes_where_a_hand_has_put_previous(settings):
    client = make(settings, "hand")
    promoted(settings, "hand", 1, 2)
    client.set_registered_model_alias("hand", "previous", "3")
    assert roll_back(RollbackRequest(name="hand"), settings, actor="b").champion_after == 3
    assert aliases(settings, "hand") == (3, None, 1)
    kinds = [each.kind for each in AliasKeeper(settings, "hand").log.read("hand")]
    assert kinds == ["promoted", "by hand", "rolled back"]


def test_a_model_that_is_not_there(settings):
    with pytest.raises(UserError, match="no model is called 'nobody'"):
        roll_back(RollbackRequest(name="nobody"), settings, actor="b")


def test_the_history_is_printed_for_people_and_programs(settings, monkeypatch):
    monkeypatch.setenv("ESPALIER_HOME", str(settings.home))
    make(settings, "told", n=2)
    promoted(settings, "told", 1, 2)

    def printed(*, as_json):
        text = StringIO()
        with redirect_stdout(text):
            show_history("told", as_json=as_json)
        return text.getvalue()

    record = json.loads(printed(as_json=True))
    assert [each["decision"] for each in record["versions"]] == ["promoted", "first"]
    assert record["decisions"][0]["champion_before"] == 1
    shown = printed(as_json=False)
    assert "2, promoted: Better." in shown
    assert "told: version 2 serves now" in shown


def test_the_contest_and_its_rows(settings, tmp_path):
    import pandas as pd

    table = pd.DataFrame({"x": range(60), "y": [0, 1] * 30})
    keys, tracking, runs = row_keys(table), Tracking(settings), []
    for trained in (slice(0, 30), slice(10, 40)):
        run_id = tracking.start_run("training")
        tracking.log_params(run_id, {"target": "y", "time_column": "x", "weight_column": "z"})
        held = table.iloc[40:50]
        kept = TrainingRows(
            columns=key_columns(table), trained=keys[trained], held_out=keys[40:50], holdout=held
        )
        log_training_rows(tracking, run_id, kept)
        runs.append(run_id)
    make(settings, "rows", n=2, runs=runs)
    candidates = find_candidates.fn("rows", settings)
    assert (candidates.champion.version, candidates.challenger.version) == (1, 2)
    facts = training_facts(candidates.challenger, settings)
    assert facts == TrainingFacts(target="y", time_column="x", weight_column="z")

    def gathered(**changes):
        request = PromoteRequest(name="rows", **changes)
        return gather_comparison_rows.fn(
            request, candidates.champion, candidates.challenger, facts, settings
        )

    assert gathered().table["x"].tolist() == list(range(40, 50))
    table.assign(y=table["y"].where(table["x"] < 55)).to_csv(tmp_path / "all.csv", index=False)
    assert gathered(data=str(tmp_path / "all.csv")).table["x"].tolist() == list(range(40, 55))


def test_the_actor_is_the_user_at_this_machine(monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    monkeypatch.setattr("socket.gethostname", lambda: "engine")
    assert current_actor() == "ada@engine"


def test_the_actor_is_somebody_where_there_are_no_users(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 1000")

    monkeypatch.setattr("getpass.getuser", nobody)
    monkeypatch.setattr("socket.gethostname", lambda: "engine")
    assert current_actor() == "somebody@engine"
