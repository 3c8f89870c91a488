"""What a run has tried so far; the whole state of a search."""

from collections.abc import Iterable
from dataclasses import dataclass

from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import TrialResult, TrialStatus


@dataclass(frozen=True, slots=True)
class History:
    """Results of trials; a value that only grows.

    Attributes
    ----------
    metric : Metric
        What the scores are.
    results : tuple of TrialResult
        In the order they came in; every trial number once.
    """

    metric: Metric
    results: tuple[TrialResult, ...] = ()

    def __post_init__(self) -> None:
        numbers = [result.trial.number for result in self.results]
        if len(set(numbers)) != len(numbers):
            raise ValueError("a trial number appears twice in the history")

    def __len__(self) -> int:
        return len(self.results)

    def extend(self, results: Iterable[TrialResult]) -> "History":
        """Return the history with these results added; a number already there is not taken twice.

        A retried task may hand in again what is known: the first answer stays.
        """
        known = {result.trial.number for result in self.results}
        fresh = []
        for result in results:
            if result.trial.number not in known:
                known.add(result.trial.number)
                fresh.append(result)
        return History(self.metric, self.results + tuple(fresh))

    def before(self, number: int) -> "History":
        """Return the history of the trials numbered below ``number``."""
        return History(
            self.metric, tuple(each for each in self.results if each.trial.number < number)
        )

    @property
    def ordered(self) -> tuple[TrialResult, ...]:
        """All results by trial number, however they came in."""
        return tuple(sorted(self.results, key=lambda result: result.trial.number))

    @property
    def successes(self) -> tuple[TrialResult, ...]:
        """The results with a comparable score, by trial number."""
        return tuple(result for result in self.ordered if result.succeeded)

    @property
    def stopped(self) -> tuple[TrialResult, ...]:
        """Those that ended after their first folds as clearly worse, by trial number."""
        return tuple(each for each in self.ordered if each.status is TrialStatus.PRUNED)

    @property
    def failures(self) -> tuple[TrialResult, ...]:
        """Those that should have a score and have none, by trial number."""
        return tuple(
            each
            for each in self.ordered
            if not each.succeeded and each.status is not TrialStatus.PRUNED
        )

    @property
    def best(self) -> TrialResult | None:
        """The best success; the earliest of equals; None without any."""
        return max(self.successes, key=self.gain, default=None)

    @property
    def configurations(self) -> frozenset[Configuration]:
        """Everything tried, however it ended."""
        return frozenset(result.trial.configuration for result in self.results)

    @property
    def numbers(self) -> frozenset[int]:
        """The numbers of all trials in it."""
        return frozenset(result.trial.number for result in self.results)

    @property
    def next_number(self) -> int:
        """One more than the largest trial number; 0 at first."""
        return max((result.trial.number for result in self.results), default=-1) + 1

    def expected_gain(self, result: TrialResult) -> float | None:
        """Return the gain that a trial stopped as clearly worse would have had.

        That is the best trial's, less how far this one was behind it on the folds that it had.
        None where it was not stopped so, or there is nothing to compare with.
        """
        best = self.best
        if result.status is not TrialStatus.PRUNED or best is None:
            return None
        done = len(result.fold_scores)
        if not done or len(best.fold_scores) < done:
            return None
        ahead = (sum(best.fold_scores[:done]) - sum(result.fold_scores)) / done
        return self.gain(best) - self.metric.sign * ahead

    def gain(self, result: TrialResult) -> float:
        """Return the score turned so that larger is better.

        Raises
        ------
        ValueError
            The trial has no score.
        """
        if result.score is None:
            raise ValueError(f"trial {result.trial.number} has no score")
        return self.metric.sign * result.score
