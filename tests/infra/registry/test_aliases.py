"""Aliases move together, on record, and never from a state that nobody decided on."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from espalier.infra.registry.aliases import AliasesMovedError, AliasKeeper
from espalier.infra.tracking.decision_log import DecisionLog
from espalier.infra.tracking.store import make_client
from espalier.pipelines.errors import StoreUnavailableError
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind


@pytest.fixture
def model(stores, request):
    """A registered model of four versions without files; the first is champion."""
    client = make_client(stores)
    name = request.node.name[:80].replace("[", " ").replace("]", "")
    client.create_registered_model(name)
    for _ in range(4):
        client.create_model_version(name, source="file:///nowhere")
    client.set_registered_model_alias(name, "champion", "1")
    client.set_registered_model_alias(name, "challenger", "2")
    return name


@pytest.fixture
def keeper(stores, model):
    return AliasKeeper(stores, model)


def promotion(model, before, after, *, kind=DecisionKind.PROMOTED, **changes):
    values = {
        "kind": kind,
        "model": model,
        "version": after,
        "champion_before": before,
        "champion_after": after,
        "previous_after": before,
        "actor": "ann",
        "reasons": ("Better.", "Small."),
        "numbers": {"difference": 0.1, "endless": float("inf")},
        "policy": {"mode": "auto"},
        "fingerprints": {"challenger": "abc"},
    }
    return Decision(**(values | changes))


def now(keeper):
    found = keeper.read()
    return found.champion, found.challenger, found.previous


def tags(stores, model, version):
    return make_client(stores).get_model_version(model, str(version)).tags


def test_a_promotion_moves_all_aliases_and_is_on_record(keeper, stores, model):
    placed = keeper.carry_out(promotion(model, 1, 2), "# promoted")
    assert now(keeper) == (2, None, 1)
    assert placed.sequence == 1
    [read] = DecisionLog(stores).read(model)
    assert read == promotion(
        model,
        1,
        2,
        numbers={"difference": 0.1},
        at_ms=placed.at_ms,
        sequence=1,
        run_id=placed.run_id,
    )
    run = make_client(stores).get_run(placed.run_id)
    assert run.data.metrics["difference"] == 0.1
    assert run.data.tags["espalier.actor"] == "ann"
    assert tags(stores, model, 2)["espalier.decision_reason"] == "Better. Small."
    assert tags(stores, model, 1)["espalier.replaced_by"] == "2"


def test_a_decision_about_another_champion_changes_nothing(keeper, model):
    keeper.carry_out(promotion(model, 1, 2), "")
    with pytest.raises(AliasesMovedError, match="is version 2 by now, not version 1"):
        keeper.carry_out(promotion(model, 1, 3), "")
    assert now(keeper) == (2, None, 1)
    assert len(keeper.log.read(model)) == 1


def test_of_promotions_at_once_one_is_carried_out(stores, model):
    def promote(version):
        try:
            return AliasKeeper(stores, model).carry_out(promotion(model, 1, version), "")
        except AliasesMovedError:
            return None

    with ThreadPoolExecutor(3) as pool:
        done = [each for each in pool.map(promote, [2, 3, 4]) if each is not None]
    [winner] = done
    keeper = AliasKeeper(stores, model)
    assert now(keeper)[::2] == (winner.version, 1)
    assert [each.version for each in keeper.log.read(model)] == [winner.version]
    assert keeper.notice() is None


def test_a_hand_made_change_is_respected_and_recorded_once(keeper, stores, model):
    assert keeper.notice() is None
    make_client(stores).set_registered_model_alias(model, "champion", "3")
    found = keeper.notice()
    assert (found.kind, found.champion_before, found.champion_after) == ("by hand", 1, 3)
    assert "from version 1 to version 3" in found.reasons[0]
    assert now(keeper)[0] == 3
    assert keeper.notice() is None
    assert keeper.pile() == (1,)
    make_client(stores).delete_registered_model_alias(model, "champion")
    assert keeper.notice().champion_after is None


def test_a_hand_made_change_between_decision_and_move_stops_the_move(keeper, stores, model):
    make_client(stores).set_registered_model_alias(model, "champion", "4")
    with pytest.raises(AliasesMovedError):
        keeper.carry_out(promotion(model, 1, 2), "")
    assert now(keeper) == (4, 2, None)
    assert [each.kind for each in keeper.log.read(model)] == ["by hand"]


def test_a_decision_to_keep_leaves_the_aliases_alone(keeper, stores, model):
    make_client(stores).set_registered_model_alias(model, "previous", "4")
    kept = promotion(model, 1, 1, kind=DecisionKind.KEPT, version=2, previous_after=None)
    keeper.carry_out(kept, "")
    assert now(keeper) == (1, 2, 4)
    assert keeper.notice() is None
    assert tags(stores, model, 2)["espalier.decision"] == "kept"


def test_a_deleted_version_does_not_look_hand_made(keeper, stores, model):
    keeper.carry_out(promotion(model, 1, 2), "")
    make_client(stores).delete_model_version(model, "1")
    assert keeper.notice() is None
    assert keeper.pile() == ()


@pytest.mark.parametrize("moved", [True, False])
def test_what_a_killed_process_began_is_completed_or_withdrawn(keeper, stores, model, moved):
    client = make_client(stores)
    keeper.log.open(promotion(model, 1, 2), "", sequence=1)
    if moved:
        client.set_registered_model_alias(model, "champion", "2")
    assert keeper.notice() is None
    assert now(keeper) == ((2, None, 1) if moved else (1, 2, None))
    assert len(keeper.log.read(model)) == int(moved)
    assert keeper.log.unfinished(model) == ()


def test_trying_again_after_a_fault_half_way_is_the_same_decision(keeper, model, monkeypatch):
    def fail(*_):
        raise StoreUnavailableError("gone for a moment")

    monkeypatch.setattr(keeper.log, "finish", fail)
    with pytest.raises(StoreUnavailableError):
        keeper.carry_out(promotion(model, 1, 2), "")
    monkeypatch.undo()
    assert keeper.carry_out(promotion(model, 1, 2), "").version == 2
    assert len(keeper.log.read(model)) == 1
    assert now(keeper) == (2, None, 1)


def test_a_move_that_does_not_hold_is_an_error(keeper, model, monkeypatch):
    monkeypatch.setattr(type(keeper.client), "set_registered_model_alias", lambda *_: None)
    with pytest.raises(AliasesMovedError, match="moved by somebody else"):
        keeper.carry_out(promotion(model, 1, 2), "")
    monkeypatch.undo()
    assert keeper.notice() is None
    assert keeper.log.read(model) == ()


def test_long_reasons_and_many_slices_fit(keeper, model):
    placed = keeper.carry_out(
        promotion(
            model,
            1,
            2,
            reasons=tuple("Because. " * 200 for _ in range(20)),
            numbers={f"slice region=nörd{at}": 0.1 for at in range(300)} | {"n_rows": 5.0},
        ),
        "",
    )
    [read] = keeper.log.read(model)
    assert read.reasons[0].startswith("Because. Because.")
    assert read.numbers == {"n_rows": 5.0}
    metrics = keeper.client.get_run(placed.run_id).data.metrics
    assert metrics["slice region_n_rd7"] == 0.1


def test_names_with_quotes(stores):
    client = make_client(stores)
    client.create_registered_model("ann's")
    client.create_model_version("ann's", source="file:///nowhere")
    client.set_registered_model_alias("ann's", "champion", "1")
    assert AliasKeeper(stores, "ann's").notice() is None
