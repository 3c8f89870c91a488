"""Search a supernet: train one path a step, learn which stages pay, keep what losing would cost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from espalier.pipelines.architectures.augmenting import augmented
from espalier.pipelines.architectures.batches import Batches, Examples, rows_a_step
from espalier.pipelines.architectures.onepath.preferences import Numbers, Preferences, one_path
from espalier.pipelines.architectures.onepath.supernet import KINDS, Path, Supernet, as_path
from espalier.pipelines.architectures.recipe import Recipe
from espalier.pipelines.resources.budget import NEVER, Deadline

N_PROPOSALS = 3
"""Networks that a search proposes."""
# Share of the epochs in which all paths are as likely, so that none is ahead by chance.
_EVEN_SHARE = 0.3
# Share of the time for training; the rest is for deciding.
_TRAIN_SHARE = 0.65
_RATE_OF_PREFERENCES = 0.03
_MOST_SKIPPED = 0.5
# Training ends where the likeliest path has not become better for so many epochs.
_PATIENCE = 5
# Rows and paths by which an option of a stage is judged.
_JUDGES, _DRAWS = 192, 2
_CLIP = 5.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A network that a supernet speaks for.

    Attributes
    ----------
    path : tuple of Stage
        Its stages.
    loss : float
        Validation loss of its path with the weights that all paths share: it ranks paths, and
        says little of the network trained on its own.
    """

    path: Path
    loss: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a search through a supernet found.

    Attributes
    ----------
    proposals : tuple of Proposal
        The best first.
    epochs : int
        Epochs of training.
    ended : str
        Why training ended: ``done``, ``time``, ``skips`` (the likeliest path had lost more than
        half of its blocks) or ``stalled``.
    """

    proposals: tuple[Proposal, ...]
    epochs: int
    ended: str


def search_supernet(
    supernet: Supernet,
    recipe: Recipe,
    examples: Examples,
    valid: Examples,
    batches: Batches,
    *,
    rng: np.random.Generator,
    deadline: Deadline = NEVER,
) -> Found:
    """Train a supernet, and propose the networks that its parts speak for.

    Parameters
    ----------
    supernet : Supernet
        Fresh.
    recipe : Recipe
        How weights are trained; its epochs are those of the supernet.
    examples, valid : Examples
        Rows that weights learn from, and those that preferences learn from and options are judged
        by.
    batches : Batches
        Makes tensors of rows, and losses.
    rng : Generator
        Draws everything random.
    deadline : Deadline
        When it must be over.
    """
    search = _Search(supernet, recipe, examples, valid, batches, rng)
    epochs, ended = search.train(deadline.part(_TRAIN_SHARE))
    return Found(search.decide(deadline), epochs, ended)


class _Search:
    """A search under way."""

    def __init__(
        self,
        supernet: Supernet,
        recipe: Recipe,
        examples: Examples,
        valid: Examples,
        batches: Batches,
        rng: np.random.Generator,
    ) -> None:
        import torch

        self.supernet, self.recipe, self.batches, self.rng = supernet, recipe, batches, rng
        self.examples, self.valid = examples, valid
        self.preferences = Preferences(supernet.n_stages, supernet.most_depth)
        matrices = [each for each in supernet.fitted if each.dim() > 1]
        vectors = [each for each in supernet.fitted if each.dim() == 1]
        # Weights of paths that a step leaves out have no gradient, and stay as they are.
        self.optimiser = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": recipe.weight_decay},
                {"params": vectors, "weight_decay": 0.0},
            ],
            recipe.learning_rate,
        )
        self.tuner = torch.optim.Adam(
            self.preferences.fitted, _RATE_OF_PREFERENCES, betas=(0.5, 0.999)
        )
        judges = rng.permutation(len(valid))[:_JUDGES]
        self.judges = np.sort(judges)
        self.decided: dict[int, Numbers] = {}

    def train(self, deadline: Deadline) -> tuple[int, str]:
        """Train weights and preferences; return the epochs, and why they ended."""
        seconds, epochs = deadline.seconds_left, self.recipe.epochs
        best, best_epoch = math.inf, 0
        before = self.preferences.copied()
        for epoch in range(1, epochs + 1):
            progress = (epoch - 1) / epochs
            if not math.isinf(seconds):
                progress = max(progress, 1.0 - deadline.seconds_left / max(seconds, 1e-9))
            is_over = self._epoch(progress, deadline, learns=progress >= _EVEN_SHARE)
            if self.preferences.skipped > _MOST_SKIPPED:
                self.preferences.restore(before)
                return epoch, "skips"
            before = self.preferences.copied()
            if is_over:
                return epoch, "time"
            loss = self._loss(self.preferences.likeliest)
            if loss < best:
                best, best_epoch = loss, epoch
            elif progress > 0.5 and epoch - best_epoch > _PATIENCE:
                return epoch, "stalled"
        return epochs, "done"

    def decide(self, deadline: Deadline) -> tuple[Proposal, ...]:
        """Decide one stage after the other; return the best paths nearby.

        An option is worth what the loss would rise without it (R. Wang and others, *Rethinking
        architecture selection in differentiable NAS*, ICLR 2021): where one path is run at a time,
        the option whose own paths lose least. Preferences alone say less, as they measure how
        quickly an option learns. After each decision the other stages get used to it.
        """
        for stage in self.rng.permutation(self.supernet.n_stages):
            if deadline.passed:
                break
            self._decide(int(stage), deadline)
            self._settle(deadline)
        likeliest = self.preferences.likeliest
        centre = [self.decided.get(at, likeliest[at]) for at in range(self.supernet.n_stages)]
        judged = {tuple(centre): self._loss(centre)}
        for other in self._around(centre):
            if deadline.passed:
                break
            judged[tuple(other)] = self._loss(other)
        ranked = sorted(judged, key=judged.__getitem__)[:N_PROPOSALS]
        return tuple(Proposal(as_path(each), judged[each]) for each in ranked)

    def _decide(self, stage: int, deadline: Deadline) -> None:
        """Decide kind, then depth of a stage; what there is no time for is as preferred."""
        paths = [self._drawn() for _ in range(_DRAWS)]
        kind, depth = self.preferences.likeliest[stage]
        kinds: dict[int, float] = {}
        for each in range(len(KINDS)):
            kinds[each] = self._mean([_with(path, stage, kind=each) for path in paths])
            if deadline.passed:
                break
        else:
            kind = min(kinds, key=kinds.__getitem__)
        depths: dict[int, float] = {}
        for each in range(1, self.supernet.most_depth + 1):
            own = [_with(path, stage, kind=kind, depth=each) for path in paths]
            depths[each] = self._mean(own)
            if deadline.passed:
                break
        else:
            depth = min(depths, key=depths.__getitem__)
        self.decided[stage] = (kind, depth)

    def _mean(self, paths: Sequence[Sequence[Numbers]]) -> float:
        return sum(map(self._loss, paths)) / len(paths)

    def _around(self, centre: Sequence[Numbers]) -> list[list[Numbers]]:
        """Return the paths that differ from one in a kind or a depth."""
        found = []
        for stage, (kind, depth) in enumerate(centre):
            options = [(each, depth) for each in range(len(KINDS)) if each != kind]
            options += [
                (kind, each) for each in range(1, self.supernet.most_depth + 1) if each != depth
            ]
            found += [[*centre[:stage], option, *centre[stage + 1 :]] for option in options]
        return found

    def _settle(self, deadline: Deadline) -> None:
        """Train for one epoch with what is decided, at a small rate."""
        self._epoch(0.8, deadline, learns=False)

    def _drawn(self, *, even: bool = False) -> list[Numbers]:
        path = self.preferences.draw(self.rng, even=even)
        return [self.decided.get(at, each) for at, each in enumerate(path)]

    def _epoch(self, progress: float, deadline: Deadline, *, learns: bool) -> bool:
        """Train for an epoch; return whether the time is up."""
        size = rows_a_step(self.recipe, len(self.examples))
        order = self.rng.permutation(len(self.examples))
        for start in range(0, max(1, len(order) - size + 1), size):
            self._step(order[start : start + size], progress, even=not learns and not self.decided)
            if learns:
                self._prefer(min(size, len(self.valid)), progress)
            if deadline.passed:
                return True
        return False

    def _step(self, rows: Any, progress: float, *, even: bool) -> None:
        """Move the weights of one path."""
        import torch

        pictures, target, weight = self.batches.tensors(self.examples, rows)
        how = replace(self.recipe.augmentation, mixup=0.0)
        answers = self.supernet.answers(
            augmented(pictures, how, self.rng),
            one_path(self._drawn(even=even)),
            auxiliary=self._auxiliary(progress),
        )
        loss = (self.batches.losses(answers, target) * weight).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        moved = [each for each in self.supernet.fitted if each.grad is not None]
        length = torch.nn.utils.clip_grad_norm_(moved, _CLIP)
        if not torch.isfinite(length):
            return
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate_at(progress)
        self.optimiser.step()

    def _prefer(self, size: int, progress: float) -> None:
        """Move the preferences by rows that the weights do not learn from."""
        rows = self.rng.choice(len(self.valid), size, replace=False)
        pictures, target, weight = self.batches.tensors(self.valid, rows)
        answers = self.supernet.answers(
            pictures,
            self.preferences.two(self.rng),
            auxiliary=self._auxiliary(progress),
            training=False,
        )
        loss = (self.batches.losses(answers, target) * weight).mean()
        self.tuner.zero_grad(set_to_none=True)
        loss.backward()
        if all(bool(each.grad.isfinite().all()) for each in self.preferences.fitted):
            self.tuner.step()
        self.optimiser.zero_grad(set_to_none=True)

    @staticmethod
    def _auxiliary(progress: float) -> float:
        """Return the strength of the auxiliary skips, which are gone before anything is decided."""
        return max(0.0, 1.0 - progress / 0.8)

    def _loss(self, path: Sequence[Numbers]) -> float:
        """Return the mean loss of a path on the rows that judge; infinite where it is no number."""
        import torch

        with torch.no_grad():
            pictures, target, weight = self.batches.tensors(self.valid, self.judges)
            answers = self.supernet.answers(pictures, one_path(path), training=False)
            loss = float((self.batches.losses(answers, target) * weight).mean())
        return loss if math.isfinite(loss) else math.inf


def _with(
    path: Sequence[Numbers], stage: int, *, kind: int, depth: int | None = None
) -> list[Numbers]:
    """Return a path with another kind, and depth if given, at a stage."""
    changed = (kind, path[stage][1] if depth is None else depth)
    return [*path[:stage], changed, *path[stage + 1 :]]
