"""How learning rate, weight decay and dropout change while a network is trained."""

import math


def four_cycles(progress: float) -> float:
    """Return the share of the learning rate at ``progress`` in [0, 1]: four waves, ever longer.

    The schedule ``coslog4`` of RealMLP: the rate falls to zero four times, so that training may
    stop early at the end of a wave.
    """
    return 0.5 * (1.0 - math.cos(2 * math.pi * math.log2(1.0 + 15.0 * progress)))


def flat_then_cosine(progress: float) -> float:
    """Return the share of a penalty at ``progress``: all of it for half the time, then less."""
    return 1.0 if progress <= 0.5 else 0.5 * (1.0 + math.cos(math.pi * (2.0 * progress - 1.0)))
