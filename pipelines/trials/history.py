"""The results of a run's trials so far, which are the whole state of a search."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import TrialResult, TrialStatus


@dataclass(frozen=True, slots=True)
class History:
    """The results of a run's trials; immutable, extended by making a new one.

    Attributes
    ----------
    metric : Metric
        The metric of the scores.
    results : tuple of TrialResult
        In the order of arrival; every trial number once.
    """

    metric: Metric
    results: tuple[TrialResult, ...] = ()
    _ordered: tuple[TrialResult, ...] = field(init=False, repr=False, compare=False)
    _successes: tuple[TrialResult, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbers = [result.trial.number for result in self.results]
        if len(set(numbers)) != len(numbers):
            raise ValueError("a trial number appears twice in the history")
        # Asked for dozens of times at each choice of trials, of which there may be thousands.
        ordered = tuple(sorted(self.results, key=lambda result: result.trial.number))
        object.__setattr__(self, "_ordered", ordered)
        successes = tuple(result for result in ordered if result.succeeded)
        object.__setattr__(self, "_successes", successes)

    def __len__(self) -> int:
        return len(self.results)

    def extend(self, results: Iterable[TrialResult]) -> "History":
        """Return the history with these results added; results of known trials are ignored.

        A retried task may report a trial again; the first result is kept.
        """
        known = {result.trial.number for result in self.results}
        fresh = []
        for result in results:
            if result.trial.number not in known:
                known.add(result.trial.number)
                fresh.append(result)
        return History(self.metric, self.results + tuple(fresh))

    def before(self, number: int) -> "History":
        """Return the history of the trials with numbers below ``number``."""
        return History(
            self.metric, tuple(each for each in self.results if each.trial.number < number)
        )

    @property
    def ordered(self) -> tuple[TrialResult, ...]:
        """All results, sorted by trial number."""
        return self._ordered

    @property
    def successes(self) -> tuple[TrialResult, ...]:
        """The results with a comparable score, sorted by trial number."""
        return self._successes

    @property
    def stopped(self) -> tuple[TrialResult, ...]:
        """Trials that racing ended after their first folds, sorted by trial number."""
        return tuple(each for each in self.ordered if each.status is TrialStatus.PRUNED)

    @property
    def failures(self) -> tuple[TrialResult, ...]:
        """Trials that failed to get a score, sorted by trial number."""
        return tuple(
            each
            for each in self.ordered
            if not each.succeeded and each.status is not TrialStatus.PRUNED
        )

    @property
    def best(self) -> TrialResult | None:
        """The successful trial with the best score, the earliest of equals; None without any."""
        return max(self.successes, key=self.gain, default=None)

    @property
    def configurations(self) -> frozenset[Configuration]:
        """All configurations that were tried, whatever their status."""
        return frozenset(result.trial.configuration for result in self.results)

    @property
    def numbers(self) -> frozenset[int]:
        """The numbers of all trials."""
        return frozenset(result.trial.number for result in self.results)

    @property
    def next_number(self) -> int:
        """One more than the largest trial number; 0 at first."""
        return max((result.trial.number for result in self.results), default=-1) + 1

    def expected_gain(self, result: TrialResult, best: TrialResult | None = None) -> float | None:
        """Estimate the gain that a trial ended by racing would have had.

        It is the best trial's gain less the difference of the two on the folds that were run.
        None if the trial was not ended by racing, or if there is nothing to compare with.

        Parameters
        ----------
        result : TrialResult
            The trial.
        best : TrialResult or None
            `best`, where it is known already: finding it takes longer than the estimate.
        """
        best = self.best if best is None else best
        if result.status is not TrialStatus.PRUNED or best is None:
            return None
        done = len(result.fold_scores)
        if not done or len(best.fold_scores) < done:
            return None
        ahead = (sum(best.fold_scores[:done]) - sum(result.fold_scores)) / done
        return self.gain(best) - self.metric.sign * ahead

    def gain(self, result: TrialResult) -> float:
        """Return a trial's score, turned so that larger is better.

        Raises
        ------
        ValueError
            The trial has no score.
        """
        if result.score is None:
            raise ValueError(f"trial {result.trial.number} has no score")
        return self.metric.sign * result.score
