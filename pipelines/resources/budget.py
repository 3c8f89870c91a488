"""The budget of a run, and deadlines that say how much of it is left."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from espalier.pipelines.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a run may spend: time and number of trials.

    Attributes
    ----------
    seconds : float or None
        Wall-clock seconds for the whole run, from its first task to the registered version;
        None for no limit.
    trials : int or None
        Number of trials; None for no limit.
    """

    seconds: float | None = None
    trials: int | None = None

    def __post_init__(self) -> None:
        if self.seconds is None and self.trials is None:
            raise UserError("a budget needs seconds or trials; give at least one of them")
        if self.seconds is not None and not self.seconds > 0:
            raise UserError(f"the time budget must be positive, not {self.seconds:g} seconds")
        if self.trials is not None and self.trials < 1:
            raise UserError(f"the number of trials must be at least 1, not {self.trials}")

    def begin(self) -> "Deadline":
        """Return when the seconds will be spent, from now on; never without a limit."""
        return Deadline.after(self.seconds)

    def beyond(self, n_trials: int) -> "Budget":
        """Return the budget of a run that has ``n_trials`` trials and may add this budget."""
        return self if self.trials is None else replace(self, trials=self.trials + n_trials)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in time, read on a given clock.

    Attributes
    ----------
    at : float or None
        The time, in the clock's seconds; None for never.
    clock : callable
        Returns the current time in seconds; can be replaced, so that tests need not wait.
    """

    at: float | None
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    @classmethod
    def after(
        cls, seconds: float | None, clock: Callable[[], float] = time.monotonic
    ) -> "Deadline":
        """Return the deadline ``seconds`` from now; never when ``seconds`` is None."""
        return cls(None if seconds is None else clock() + seconds, clock)

    @property
    def seconds_left(self) -> float:
        """Seconds until the deadline: negative once it has passed, infinite for never."""
        return float("inf") if self.at is None else self.at - self.clock()

    @property
    def passed(self) -> bool:
        """Whether the deadline has passed."""
        return self.seconds_left <= 0

    def check(self) -> None:
        """Raise a `TimeoutError` if the deadline has passed."""
        if self.passed:
            raise TimeoutError("the time is up")

    def sooner(self, seconds: float) -> "Deadline":
        """Return the deadline ``seconds`` from now, or this one if it is before that."""
        soon = self.clock() + seconds
        return Deadline(soon if self.at is None else min(soon, self.at), self.clock)

    def part(self, share: float) -> "Deadline":
        """Return the deadline of a part of the work that may take this share of the time left."""
        left = self.seconds_left
        return self if self.at is None else Deadline(self.clock() + share * left, self.clock)

    def earlier(self, seconds: float) -> "Deadline":
        """Return the deadline ``seconds`` before this one, to keep a reserve."""
        return self if self.at is None else Deadline(self.at - seconds, self.clock)


NEVER = Deadline(None)
