"""One hyperparameter: its values, and the same values as coordinates in [0, 1]."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from espalier.pipelines.trials.configuration import Value

# A sampled number keeps this many significant digits, so that it survives the round trip
# through its coordinate, and a configuration can be read.
_DIGITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One hyperparameter.

    Attributes
    ----------
    name : str
        Its name in a `Configuration`.
    default : value
        The value to start from.
    choices : tuple of values
        Values of a categorical hyperparameter; empty for a number.
    low, high : float
        Bounds of a number, both included.
    log : bool
        Whether a number's coordinate is its logarithm.
    whole : bool
        Whether a number is an integer.
    parent : str or None
        Another hyperparameter of the family that decides whether this one is active.
    when : tuple of values
        Values of ``parent`` under which it is active.
    """

    name: str
    default: Value
    choices: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    whole: bool = False
    parent: str | None = None
    when: tuple[Value, ...] = ()

    def is_active(self, values: dict[str, Value]) -> bool:
        """Whether this hyperparameter is active, given the ``values`` of its active parents."""
        return self.parent is None or values.get(self.parent) in self.when

    def to_unit(self, value: Value) -> float:
        """Return the coordinate in [0, 1] of a numeric ``value``."""
        number = float(value)
        if self.high == self.low:
            return 0.0
        if self.log:
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)

    def from_unit(self, coordinate: float) -> Value:
        """Return the number at ``coordinate``, which is clipped to [0, 1]."""
        place = min(1.0, max(0.0, coordinate))
        if self.log:
            number = self.low * (self.high / self.low) ** place
        else:
            number = self.low + place * (self.high - self.low)
        return self.canonical(number)

    def canonical(self, value: Any) -> Value:
        """Return ``value`` as it is stored: plain, rounded, within bounds."""
        if self.choices:
            return self.choices[self.choices.index(value)]
        number = min(self.high, max(self.low, float(value)))
        if self.whole:
            return round(number)
        return float(f"{number:.{_DIGITS}g}")

    def sample(self, rng: np.random.Generator) -> Value:
        """Return a value at random: uniform over choices and coordinates."""
        if self.choices:
            return self.choices[int(rng.integers(len(self.choices)))]
        if self.whole and not self.log:
            return int(rng.integers(int(self.low), int(self.high) + 1))
        return self.from_unit(float(rng.random()))

    def neighbour(self, value: Value, rng: np.random.Generator, spread: float = 0.2) -> Value:
        """Return another value near ``value``; the same only where there is no other.

        Numbers move by a normal step of ``spread`` in their coordinate, integers by one at least.
        """
        if self.choices:
            others = [choice for choice in self.choices if choice != value]
            return others[int(rng.integers(len(others)))] if others else value
        start = self.to_unit(value)
        for _ in range(20):
            moved = self.from_unit(start + float(rng.normal(0.0, spread)))
            if moved != value:
                return moved
        step = 1 if float(value) < self.high else -1
        return self.canonical(float(value) + step) if self.whole else self.default
