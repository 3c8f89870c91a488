"""A supernet holds every network, trains one path a step, and proposes the ones that lose least."""

import numpy as np
import pytest

from espalier.pipelines.architectures.batches import Batches
from espalier.pipelines.architectures.design import Design
from espalier.pipelines.architectures.onepath.preferences import Preferences, one_path
from espalier.pipelines.architectures.onepath.searching import search_supernet
from espalier.pipelines.architectures.onepath.supernet import KINDS, Supernet, as_path
from espalier.pipelines.architectures.onnx_file import Colours
from espalier.pipelines.architectures.recipe import Augmentation, Recipe
from espalier.pipelines.resources.budget import Deadline
from tests.deep import need_torch
from tests.pipelines.architectures.examples import bright_or_dark

need_torch()

import torch  # noqa: E402

RECIPE = Recipe(
    epochs=4, batch_size=16, learning_rate=0.02, augmentation=Augmentation(distortion=0.0)
)
EXAMPLES, VALID = bright_or_dark(48, 8, seed=1), bright_or_dark(32, 8, seed=2)


def supernet(seed: int = 0) -> Supernet:
    return Supernet(
        Design(width=8, side=8),
        2,
        n_stages=2,
        most_depth=2,
        largest_side=8,
        n_pictures=1,
        rng=np.random.default_rng(seed),
    )


def found(seed: int = 0, recipe: Recipe = RECIPE, deadline: Deadline | None = None):
    batches = Batches(Colours.of(EXAMPLES.pixels), True)
    return search_supernet(
        supernet(seed),
        recipe,
        EXAMPLES,
        VALID,
        batches,
        rng=np.random.default_rng(seed),
        deadline=deadline or Deadline(None),
    )


def test_three_different_networks_are_proposed_the_same_for_a_seed():
    first = found()
    assert len({each.path for each in first.proposals}) == 3
    losses = [each.loss for each in first.proposals]
    assert losses == sorted(losses)
    assert losses[0] < 0.6  # chance is 0.69
    assert all(len(each.path) == 2 for each in first.proposals)
    assert first == found()
    assert first.epochs <= RECIPE.epochs


def test_a_step_moves_the_weights_of_its_path_alone():
    net = supernet()
    batches = Batches(Colours.of(EXAMPLES.pixels), True)
    pictures, target, _ = batches.tensors(EXAMPLES, np.arange(16))
    batches.losses(net.answers(pictures, one_path([(0, 1), (4, 2)])), target).mean().backward()
    moved = {
        key
        for key, part in net._blocks.items()
        if any(each.grad is not None for each in part.weights.values())
    }
    assert moved == {(0, 0, 0), (1, 0, 4), (1, 1, 4)}


def test_two_options_of_each_stage_tell_which_is_worth_more():
    net, preferences = supernet(), Preferences(2, 2)
    batches = Batches(Colours.of(VALID.pixels), True)
    pictures, target, _ = batches.tensors(VALID, np.arange(32))
    mixtures = preferences.two(np.random.default_rng(0))
    batches.losses(net.answers(pictures, mixtures, training=False), target).mean().backward()
    for logits in preferences.fitted:
        assert logits.grad.abs().sum() > 0
        # What one option of a stage gains, the other loses.
        torch.testing.assert_close(logits.grad.sum(dim=1), torch.zeros(2), atol=1e-6, rtol=0)
    # Two kinds of a stage each; residual ones start alike, as the identity.
    assert (preferences.kinds.grad != 0).sum() in (2, 4)


def test_the_auxiliary_skip_is_gone_when_options_are_judged():
    net = supernet()
    pictures = Batches(Colours.of(VALID.pixels), True).tensors(VALID, np.arange(8))[0]
    path = one_path([(0, 2), (0, 2)])
    plain = net.answers(pictures, path, training=False)
    helped = net.answers(pictures, path, training=False, auxiliary=1.0)
    assert not torch.allclose(plain, helped)
    one = one_path([(0, 1), (0, 1)])  # there is nothing to go around
    torch.testing.assert_close(
        net.answers(pictures, one, training=False),
        net.answers(pictures, one, training=False, auxiliary=1.0),
    )


def test_judging_changes_no_weights():
    net = supernet()
    before = {
        (key, name): each.clone()
        for key, part in net._blocks.items()
        for name, each in part.weights.items()
    }
    pictures = Batches(Colours.of(VALID.pixels), True).tensors(VALID, np.arange(8))[0]
    with torch.no_grad():
        net.answers(pictures, one_path([(0, 2), (2, 2)]), training=False)
    for (key, name), each in before.items():
        assert torch.equal(each, net._blocks[key].weights[name])


def test_training_ends_where_the_preferences_leave_out_most_blocks(monkeypatch):
    monkeypatch.setattr(Preferences, "skipped", property(lambda _self: 1.0))
    assert found().ended == "skips"


def test_a_passed_deadline_still_gives_proposals():
    given = found(deadline=Deadline.after(0.0))
    assert given.ended == "time"
    assert len(given.proposals) >= 1


def test_preferences_are_drawn_and_the_deepest_of_equals_is_likeliest():
    preferences = Preferences(3, 3)
    assert preferences.likeliest == [(0, 3)] * 3
    assert preferences.skipped == 0.0
    with torch.no_grad():
        preferences.depths[:, 0] = 5.0
        preferences.kinds[1, 7] = 50.0
    assert preferences.skipped == 1.0
    rng = np.random.default_rng(0)
    assert {path[1][0] for path in (preferences.draw(rng) for _ in range(20))} == {7}
    even = {path[1][0] for path in (preferences.draw(rng, even=True) for _ in range(60))}
    assert len(even) > 5


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_every_kind_can_stand_at_every_stage(kind):
    net = supernet()
    pictures = Batches(Colours.of(VALID.pixels), True).tensors(VALID, np.arange(4))[0]
    answers = net.answers(pictures, one_path([(kind, 2), (kind, 1)]))
    assert answers.shape == (4, 2)
    path = as_path([(kind, 2), (kind, 1)])
    assert [each.depth for each in path] == [2, 1]
    assert path[0].block == KINDS[kind].block
