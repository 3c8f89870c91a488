"""Train a network by PyTorch: within a deadline, with the best epoch kept, the same for a seed."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.batches import (
    Examples,
    Pictures,
    R,
    Subject,
    rows_a_step,
)
from espalier.pipelines.architectures.layers import Network
from espalier.pipelines.architectures.onnx_file import Colours
from espalier.pipelines.architectures.recipe import Recipe
from espalier.pipelines.architectures.weights import Array, Weights, is_fitted
from espalier.pipelines.resources.budget import NEVER, Deadline

# Part of the time after which the learning rate has fallen: the rest is for the last validation.
_TIME_SHARE = 0.93
_CLIP = 5.0
_ROWS_A_BLOCK = 256
# Training ends where the answers have been no better for this share of its epochs, and this many.
_PATIENCE_SHARE, _PATIENCE = 0.35, 6


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network.

    Attributes
    ----------
    weights : mapping of str to array
        Those of the best epoch.
    epochs : int
        The best epoch, from 1.
    losses : tuple of float
        The validation loss after each epoch; empty without validation rows.
    """

    weights: Weights
    epochs: int
    losses: tuple[float, ...] = ()


def train_network(
    network: Network,
    recipe: Recipe,
    start: Weights,
    examples: Examples,
    colours: Colours,
    *,
    classification: bool,
    rng: np.random.Generator,
    valid: Examples | None = None,
    deadline: Deadline = NEVER,
    n_threads: int = 1,
) -> Trained:
    """Train a network of pictures; see `train`.

    Parameters
    ----------
    network, recipe
        What is trained, and how.
    start : mapping of str to array
        Weights to start from.
    examples, valid : Examples
        Rows to learn from, and those that tell the best epoch.
    colours : Colours
        By which pictures are standardised.
    classification : bool
        Whether the answers are classes, which a softmax follows.
    rng : Generator
        Draws everything random.
    deadline : Deadline
        When training must be over.
    n_threads : int
        Threads; sums depend on their number in the last digits.
    """
    subject = Pictures(network, recipe, colours, classification, rng)
    return train(
        subject,
        recipe,
        start,
        examples,
        classification=classification,
        rng=rng,
        valid=valid,
        deadline=deadline,
        n_threads=n_threads,
    )


def train(
    subject: Subject[R],
    recipe: Recipe,
    start: Weights,
    examples: R,
    *,
    classification: bool,
    rng: np.random.Generator,
    valid: R | None = None,
    deadline: Deadline = NEVER,
    n_threads: int = 1,
) -> Trained:
    """Train a network, whatever it sees.

    The learning rate falls by the epochs done or by the time spent, whichever is further, so that a
    training that the deadline ends has come to rest like any other.

    Parameters
    ----------
    subject : Subject
        Makes tensors of rows, and answers.
    recipe, start, examples, classification, rng, valid, deadline, n_threads
        As in `train_network`.
    """
    with using_threads(n_threads):
        run = _Training(subject, recipe, start, classification, rng)
        return run.run(examples, valid, deadline)


class _Training(Generic[R]):
    """One training."""

    def __init__(
        self,
        subject: Subject[R],
        recipe: Recipe,
        start: Weights,
        classification: bool,
        rng: np.random.Generator,
    ) -> None:
        import torch

        self.subject, self.recipe, self.rng = subject, recipe, rng
        self.classification = classification
        self.weights: dict[str, Any] = {}
        for name, values in start.items():
            tensor = torch.from_numpy(values.copy())
            if tensor.dim() == 4:  # oneDNN's quick layout
                tensor = tensor.contiguous(memory_format=torch.channels_last)
            self.weights[name] = tensor.requires_grad_(is_fitted(name))
        self.optimiser = _optimiser(recipe, self.weights)
        self.n_steps = 0
        self.randomness = torch.Generator().manual_seed(int(rng.integers(2**62)))

    def run(self, examples: R, valid: R | None, deadline: Deadline) -> Trained:
        """Train; return the weights of the best epoch."""
        recipe, seconds = self.recipe, deadline.seconds_left
        batch = rows_a_step(recipe, len(examples))
        steps = max(1, len(examples) // batch)
        best, losses, kept, epoch = math.inf, list[float](), self._copied(), 0
        best_epoch, progress = 1, 0.0
        large, easier = (examples, valid), self.subject.easier(examples, recipe)
        small = None
        if easier is not None:
            small = easier, None if valid is None else self.subject.easier(valid, recipe)
        shown = small or large
        for epoch in range(1, recipe.epochs + 1):
            if shown is small and max(progress, (epoch - 1) / recipe.epochs) >= recipe.small_share:
                shown, best, best_epoch = large, math.inf, epoch
            order = self.rng.permutation(len(examples))
            is_over = False
            for step in range(steps):
                progress = max(
                    (epoch - 1 + step / steps) / recipe.epochs, _time_spent(seconds, deadline)
                )
                if shown is small and progress >= recipe.small_share:
                    break  # what is left of the time is for pictures as they are
                self._step(shown[0], order[step * batch : (step + 1) * batch], progress)
                is_over = _time_spent(seconds, deadline) >= 1.0
                if is_over:
                    break
            if shown[1] is None:
                best_epoch = epoch
            else:
                losses.append(self.loss(shown[1]))
                if losses[-1] <= best:
                    best, best_epoch, kept = losses[-1], epoch, self._copied()
            waited = epoch - best_epoch
            is_stuck = waited > max(_PATIENCE, _PATIENCE_SHARE * recipe.epochs)
            if is_over or (is_stuck and shown is large):
                break
        return Trained(self._copied() if valid is None else kept, best_epoch, tuple(losses))

    def loss(self, examples: R) -> float:
        """Return the weighted mean loss on rows; infinite where it is no number."""
        import torch

        total = 0.0
        with torch.no_grad():
            for start in range(0, len(examples), _ROWS_A_BLOCK):
                rows = np.arange(start, min(start + _ROWS_A_BLOCK, len(examples)))
                seen, target, weight = self.subject.tensors(examples, rows)
                answers = self.subject.answers(self.weights, seen)
                total += float((self.subject.losses(answers, target) * weight).sum())
        mean = total / max(float(examples.weight.sum()), 1e-12)
        return mean if math.isfinite(mean) else math.inf

    def _step(self, examples: R, rows: NDArray[np.int64], progress: float) -> None:
        """Take one step on some rows."""
        import torch

        recipe, subject = self.recipe, self.subject
        seen, target, weight = subject.tensors(examples, rows)
        if self.classification and recipe.label_smoothing:
            share = recipe.label_smoothing
            target = target * (1 - share) + share / target.shape[1]
        seen, target, weight = subject.changed(seen, target, weight)
        answers = subject.answers(
            self.weights,
            seen,
            training=True,
            n_steps=self.n_steps,
            dropout=recipe.dropout,
            randomness=self.randomness,
        )
        loss = (subject.losses(answers, target) * weight).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        fitted = [each for each in self.weights.values() if each.requires_grad]
        length = torch.nn.utils.clip_grad_norm_(fitted, _CLIP, foreach=True)
        if not torch.isfinite(length):
            return  # a step into nowhere would end the training
        rate = recipe.rate_at(progress)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        self.n_steps += 1

    def _copied(self) -> dict[str, Array]:
        return {name: each.detach().numpy().copy() for name, each in self.weights.items()}


def _time_spent(seconds: float, deadline: Deadline) -> float:
    """Return the share of the time that is spent, 0 without a deadline."""
    if math.isinf(seconds):
        return 0.0
    return 1.0 - (deadline.seconds_left - (1.0 - _TIME_SHARE) * seconds) / (
        max(seconds, 1e-9) * _TIME_SHARE
    )


def _optimiser(recipe: Recipe, weights: dict[str, Any]) -> Any:
    """Return the optimiser; only matrices and kernels decay."""
    import torch

    fitted = [each for each in weights.values() if each.requires_grad]
    groups = [
        {
            "params": [each for each in fitted if each.dim() > 1],
            "weight_decay": recipe.weight_decay,
        },
        {"params": [each for each in fitted if each.dim() == 1], "weight_decay": 0.0},
    ]
    rate = recipe.learning_rate
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(
            groups,
            rate,
            recipe.momentum,
            nesterov=recipe.nesterov and recipe.momentum > 0,
            fused=True,
        )
    kind = torch.optim.AdamW if recipe.optimiser == "adamw" else torch.optim.Adam
    # With steps of a few rows, Python's share of a step that is not fused can be felt.
    return kind(groups, rate, (recipe.momentum, recipe.beta2), fused=True)


@contextmanager
def using_threads(n_threads: int) -> Iterator[None]:
    """Let PyTorch use so many threads, and as many as before afterwards.

    Two trainings of two threads each on two cores take several times as long as with one each.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
