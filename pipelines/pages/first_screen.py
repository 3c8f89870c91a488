"""The first screen of a report: what is predicted, how well, whether to trust it, what next."""

import math
from dataclasses import dataclass, replace

from espalier.pipelines.explain.reasons import Gravity, Judgement
from espalier.pipelines.explain.trust import Evidence, judge
from espalier.pipelines.metrics.score_interval import describe_interval

_PERFECT = {"roc_auc", "average_precision", "accuracy", "balanced_accuracy", "f1", "r2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstScreen:
    """The texts of the first screen.

    Attributes
    ----------
    how_good : tuple of str
        Whole sentences about the score.
    judgement : Judgement
        Whether to trust it.
    steps : tuple of (text, command)
        What to do next; a command may be empty.
    """

    how_good: tuple[str, ...]
    judgement: Judgement
    steps: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, how_good: tuple[str, ...], judgement: Judgement) -> "FirstScreen":
        """Return a screen whose next steps are what the judgement advises, but for mere notes."""
        advice = [
            (each.advice, "") for each in judgement.reasons if each.gravity is not Gravity.NOTE
        ]
        return cls(how_good=how_good, judgement=judgement, steps=tuple(dict.fromkeys(advice)))

    def with_more(
        self, *, said: tuple[str, ...] = (), steps: tuple[tuple[str, str], ...] = ()
    ) -> "FirstScreen":
        """Return the screen with further sentences and steps at the end."""
        every = tuple(dict.fromkeys((*self.steps, *steps)))
        return replace(self, how_good=(*self.how_good, *said), steps=every)

    @property
    def tone(self) -> str:
        """Name of the style of the judgement: ``good``, ``doubt`` or ``grave``."""
        return "good" if self.judgement.gravity is None else str(self.judgement.gravity)


def table_screen(metric: str, evidence: Evidence) -> FirstScreen:
    """Return the first screen of a model of rows, without what a champion or commands add."""
    return FirstScreen.of(how_good(metric, evidence), judge(evidence))


def how_good(metric: str, evidence: Evidence) -> tuple[str, ...]:
    """Return whole sentences about a score on unseen rows."""
    return (
        f"On {evidence.n_rows:,} rows that it never saw, {metric} is {evidence.score:.4g} "
        f"({describe_interval(evidence.interval)}).",
        *_in_words(metric, evidence),
        f"Always giving the same answer would have scored {evidence.baseline:.4g} there"
        f"{_part_gained(metric, evidence)}.",
    )


def _in_words(metric: str, evidence: Evidence) -> list[str]:
    score = evidence.score
    if metric == "roc_auc":
        return [
            "Of two rows, one of each class, it gives the higher probability to the right one in "
            f"{score:.1%} of cases."
        ]
    if metric == "accuracy":
        return [f"It gives the right label to {score:.1%} of rows."]
    if metric in ("rmse", "mae", "median_ae"):
        typical = {"rmse": "root mean square", "mae": "mean", "median_ae": "median"}[metric]
        return [f"Its values are off by {score:.4g} ({typical}), in the unit of the target."]
    if metric == "log_loss":
        return [
            "It gives the true class a probability of "
            f"{math.exp(-score):.0%} (the geometric mean over rows)."
        ]
    if metric == "r2":
        return [f"It explains {score:.0%} of the variance of the target."]
    return []


def _part_gained(metric: str, evidence: Evidence) -> str:
    """Return which part of the way from the constant to a perfect answer is done."""
    perfect = 1.0 if metric in _PERFECT else None if evidence.higher_is_better else 0.0
    if perfect is None or not evidence.gain > 0 or evidence.baseline == perfect:
        return ""
    part = (evidence.score - evidence.baseline) / (perfect - evidence.baseline)
    return f": the model covers {part:.0%} of the way from there to perfect answers"
