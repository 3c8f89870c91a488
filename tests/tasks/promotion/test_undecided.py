"""A challenger is up for a decision until somebody has decided."""

import pytest

from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.settings import Settings
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind
from espalier.tasks.promotion.undecided import undecided_challenger


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture
def model(settings, tmp_path):
    """A model whose version 2 challenges version 1."""
    client, name = Tracking(settings).client, tmp_path.name
    client.create_registered_model(name)
    for _ in range(2):
        client.create_model_version(name, source=str(tmp_path))
    client.set_registered_model_alias(name, "champion", "1")
    client.set_registered_model_alias(name, "challenger", "2")
    return name


def decide(settings, model, kind, mode="approve"):
    decision = Decision(
        kind=kind,
        model=model,
        version=2,
        champion_before=1,
        champion_after=1,
        previous_after=None,
        actor="ann",
        reasons=("So it is.",),
        policy={"mode": mode},
    )
    AliasKeeper(settings, model).carry_out(decision, "page")


def find(settings, model):
    return undecided_challenger.fn(model, settings)


def test_nothing_was_decided(settings, model):
    assert find(settings, model) == 2


@pytest.mark.parametrize(
    ("kind", "mode", "is_up"),
    [
        (DecisionKind.DECLINED, "approve", False),
        (DecisionKind.KEPT, "auto", False),
        (DecisionKind.KEPT, "never", True),
        (DecisionKind.UNANSWERED, "approve", True),
    ],
)
def test_what_was_decided_counts(settings, model, kind, mode, is_up):
    decide(settings, model, kind, mode)
    assert find(settings, model) == (2 if is_up else None)


def test_against_another_champion_it_is_up_again(settings, model):
    decide(settings, model, DecisionKind.DECLINED)
    Tracking(settings).client.delete_registered_model_alias(model, "champion")
    assert find(settings, model) == 2


def test_without_a_challenger_nothing_is_up(settings, model):
    Tracking(settings).client.set_registered_model_alias(model, "challenger", "1")
    assert find(settings, model) is None
    Tracking(settings).client.delete_registered_model_alias(model, "challenger")
    assert find(settings, model) is None
