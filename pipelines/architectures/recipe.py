"""How a network is trained: its optimiser, schedule and augmentation, as plain numbers."""

import math
from dataclasses import dataclass
from typing import Literal

Optimiser = Literal["sgd", "adam", "adamw"]
Schedule = Literal["cosine", "linear", "steps"]

WARM_SHARE = 0.08
"""Share of the training in which the learning rate rises."""
_STEPS_AT, _STEPS_FACTOR = (0.6, 0.85), 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How pictures are changed each time that they are seen.

    Attributes
    ----------
    flip : bool
        Whether half of them are mirrored, left for right.
    distortion : float
        Strength of chance turns, shifts and zooms: 1 is up to 20 degrees, an eighth of the side,
        and a fifth of the size.
    colour : float
        Strength of changes of brightness and contrast: 1 is up to 0.4 of them.
    cutout : float
        Side of a square that is made grey, as a share of the picture's (DeVries and Taylor 2017).
    mixup : float
        The parameter of the Beta distribution by which two pictures are blended (Zhang et al.
        2018); 0 for none.
    """

    flip: bool = False
    distortion: float = 0.5
    colour: float = 0.0
    cutout: float = 0.0
    mixup: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a network is trained.

    Attributes
    ----------
    optimiser : str
        ``sgd``, ``adam`` or ``adamw``.
    learning_rate : float
        Its largest value.
    momentum : float
        Of ``sgd``; the first beta of the others.
    nesterov : bool
        Of ``sgd``.
    beta2 : float
        Of ``adam`` and ``adamw``.
    weight_decay : float
        Penalty of weights, decoupled in ``adamw``; scales, shifts and biases have none.
    schedule : str
        How the learning rate falls after its rise.
    batch_size, epochs : int
        Rows a step, and passes over the rows.
    label_smoothing : float
        Share of a class's probability that is spread over all classes.
    dropout : float
        Share of the inputs of dense layers that is silenced.
    augmentation : Augmentation
        How pictures are changed.
    small_share : float
        Share of the training, from its start, that sees the pictures smaller: it takes half of the
        time there, and what is learned stays true (M. Tan and Q. Le, *EfficientNetV2*, ICML 2021).
    """

    optimiser: Optimiser = "adamw"
    learning_rate: float = 3e-3
    momentum: float = 0.9
    nesterov: bool = True
    beta2: float = 0.99
    weight_decay: float = 0.05
    schedule: Schedule = "cosine"
    batch_size: int = 64
    epochs: int = 20
    label_smoothing: float = 0.0
    dropout: float = 0.0
    augmentation: Augmentation = Augmentation()
    small_share: float = 0.0

    def rate_at(self, progress: float) -> float:
        """Return the learning rate after a share of the training, 0 to 1."""
        if progress < WARM_SHARE:
            return self.learning_rate * (0.1 + 0.9 * progress / WARM_SHARE)
        left = min(1.0, (progress - WARM_SHARE) / (1.0 - WARM_SHARE))
        if self.schedule == "cosine":
            return self.learning_rate * (0.005 + 0.995 * 0.5 * (1.0 + math.cos(math.pi * left)))
        if self.schedule == "linear":
            return self.learning_rate * max(0.005, 1.0 - left)
        fallen = sum(left >= at for at in _STEPS_AT)
        return self.learning_rate * _STEPS_FACTOR**fallen
