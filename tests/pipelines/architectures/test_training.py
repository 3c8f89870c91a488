"""Networks learn, the same again for a seed, within their deadline and with the best epoch."""

from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.architectures import batches
from espalier.pipelines.architectures.design import Design
from espalier.pipelines.architectures.forward import forward
from espalier.pipelines.architectures.onnx_file import Colours
from espalier.pipelines.architectures.recipe import Augmentation, Recipe
from espalier.pipelines.architectures.training import train_network
from espalier.pipelines.architectures.weights import initial_weights
from espalier.pipelines.resources.budget import NEVER, Deadline
from tests.deep import need_torch
from tests.pipelines.architectures.examples import bright_or_dark

need_torch()

DESIGN = Design(width=8, stages=2, side=12)
LEARNS = Recipe(
    epochs=8, batch_size=16, learning_rate=0.01, augmentation=Augmentation(distortion=0.2)
)
EVERYTHING = Augmentation(flip=True, distortion=0.5, colour=0.5, cutout=0.3, mixup=0.4)


def train(recipe=LEARNS, n_pictures=1, **options):
    rng = np.random.default_rng(options.pop("seed", 0))
    network = DESIGN.network(2, largest_side=12, n_pictures=n_pictures)
    examples = bright_or_dark(64, n_pictures=n_pictures)
    return train_network(
        network,
        recipe,
        initial_weights(network, rng),
        examples,
        Colours.of(examples.pixels),
        classification=True,
        rng=rng,
        **options,
    )


def test_learns_and_keeps_the_best_epoch():
    trained = train(valid=bright_or_dark(40, seed=1))
    assert trained.losses[-1] < 0.3 < trained.losses[0]
    assert trained.epochs == 1 + int(np.argmin(trained.losses))


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("n_pictures", [1, 2])
def test_the_same_again_for_a_seed(optimiser, n_pictures):
    recipe = Recipe(
        optimiser=optimiser,
        epochs=1,
        batch_size=16,
        dropout=0.2,
        label_smoothing=0.1,
        augmentation=EVERYTHING,
    )
    first, again, other = (train(recipe, n_pictures, seed=seed).weights for seed in (3, 3, 4))
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
    assert any((values != other[name]).any() for name, values in first.items())


def sides_seen(monkeypatch, recipe, **options):
    """Return the sides of the pictures of each step, and the training."""
    seen = []

    def watched(network, weights, pictures, **how):
        if how.get("training"):
            seen.append(pictures.shape[-1])
        return forward(network, weights, pictures, **how)

    monkeypatch.setattr(batches, "forward", watched)
    monkeypatch.setattr(batches, "_LEAST_SMALL", 6)
    return seen, train(recipe, **options)


def test_a_training_may_begin_with_smaller_pictures_and_ends_with_them_as_they_are(monkeypatch):
    recipe = replace(LEARNS, small_share=0.5)
    seen, trained = sides_seen(monkeypatch, recipe, valid=bright_or_dark(40, seed=1))
    assert seen == [8] * (len(seen) // 2) + [12] * (len(seen) // 2)
    assert trained.epochs > 4  # the best epoch is one of pictures as they are
    assert len(trained.losses) == 8
    assert trained.losses[-1] < 0.3


def test_smaller_pictures_have_their_share_of_the_time_at_most(monkeypatch):
    now = [0.0]

    def clock():
        now[0] += 0.01
        return now[0]

    recipe = Recipe(epochs=1_000, batch_size=16, small_share=0.5)
    seen, _ = sides_seen(
        monkeypatch, recipe, deadline=Deadline.after(2.0, clock), valid=bright_or_dark(8, seed=1)
    )
    assert set(seen) == {8, 12}
    assert 0.3 < seen.count(8) / len(seen) < 0.7
    assert seen == sorted(seen)


def test_few_epochs_see_pictures_as_they_are(monkeypatch):
    seen, _ = sides_seen(monkeypatch, replace(LEARNS, epochs=3, small_share=0.5))
    assert set(seen) == {12}


def test_at_the_deadline_the_learning_rate_has_fallen():
    now = [0.0]

    def clock():
        now[0] += 0.01  # each look at the clock takes a while
        return now[0]

    rates = []

    class Watched(Recipe):
        def rate_at(self, progress):
            rates.append(Recipe.rate_at(self, progress))
            return rates[-1]

    recipe = Watched(epochs=1_000, batch_size=16, learning_rate=0.01)
    trained = train(recipe, deadline=Deadline.after(1.0, clock), valid=bright_or_dark(8, seed=1))
    assert trained.epochs < 50
    assert max(rates) > 0.008
    assert rates[-1] < 0.001


def test_a_passed_deadline_still_gives_a_network():
    trained = train(deadline=NEVER.sooner(-1.0), valid=bright_or_dark(8, seed=1))
    assert all(np.isfinite(values).all() for values in trained.weights.values())


def test_threads_are_as_before_afterwards():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        train(Recipe(epochs=1, batch_size=32), n_threads=1)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_rows_without_weight_do_not_count():
    rng = np.random.default_rng(0)
    network = DESIGN.network(2, largest_side=12)
    good = bright_or_dark(64)
    weight = np.where(np.arange(64) < 32, 2.0, 0.0).astype(np.float32)
    target = good.target.copy()
    target[32:] = target[32:, ::-1]  # wrong, and weightless
    examples = type(good)(good.pixels, target, weight)
    valid = bright_or_dark(40, seed=1)
    trained = train_network(
        network,
        Recipe(
            epochs=6, batch_size=16, learning_rate=0.01, augmentation=Augmentation(distortion=0)
        ),
        initial_weights(network, rng),
        examples,
        Colours.of(good.pixels),
        classification=True,
        rng=rng,
        valid=valid,
    )
    assert min(trained.losses) < 0.4
