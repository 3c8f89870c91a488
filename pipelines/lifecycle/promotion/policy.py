"""Decide whether a challenger becomes champion, from a policy and measured metrics."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from espalier.pipelines.lifecycle.promotion.comparison import ScoreComparison, SliceComparison


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionPolicy:
    """The conditions that a challenger must meet to become champion.

    Attributes
    ----------
    mode : str
        ``auto`` promotes a challenger that passes, ``approve`` asks a person first, ``never``
        changes nothing.
    margin : float
        Value that the lower bound of the difference must exceed, in the metric's unit.
    confidence : float
        One-sided confidence level of the bounds, for all comparisons of a year together; each of
        them is at a stricter one (`espalier.pipelines.lifecycle.promotion.looks`). Slices are
        judged at this level.
    slice_limit : float or None
        How much worse any slice may be, in the metric's unit; None to refuse only slices that are
        worse at the confidence level.
    max_latency_ms : float or None
        Largest latency for one row, in milliseconds.
    max_size_mb : float or None
        Largest size of the files, in megabytes.
    min_rows : int
        Smallest number of rows to compare on.
    min_slice_rows : int
        Smallest number of rows of a slice.
    """

    mode: Literal["auto", "approve", "never"] = "auto"
    margin: float = 0.0
    confidence: float = 0.95
    slice_limit: float | None = None
    max_latency_ms: float | None = None
    max_size_mb: float | None = None
    min_rows: int = 30
    min_slice_rows: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionMetrics:
    """What was measured of a champion and a challenger.

    Attributes
    ----------
    n_rows : int
        Number of rows that neither was trained on.
    comparison : ScoreComparison or None
        Comparison on those rows; None if the models cannot be compared.
    slices : tuple of SliceComparison
        Comparisons on slices of those rows.
    obstacles : tuple of str
        Reasons why the models cannot be compared, whole sentences.
    latency_ms : float or None
        The challenger's latency for one row.
    champion_latency_ms : float or None
        The champion's latency, on the same machine.
    size_mb : float or None
        Size of the challenger's files.
    confidence : float or None
        Confidence level of this comparison's bounds; None if there was none.
    """

    n_rows: int
    comparison: ScoreComparison | None = None
    slices: tuple[SliceComparison, ...] = ()
    obstacles: tuple[str, ...] = ()
    latency_ms: float | None = None
    champion_latency_ms: float | None = None
    size_mb: float | None = None
    confidence: float | None = None


class PromotionAction(StrEnum):
    """The action that follows from a promotion decision."""

    PROMOTE = "promote"
    ASK = "ask"  # a person
    KEEP = "keep"  # the champion


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionDecision:
    """The action to take, with the reasons.

    Attributes
    ----------
    action : PromotionAction
        The action to take.
    passed : bool
        Whether the challenger meets the policy, even if a person must still approve.
    reasons : tuple of str
        The reasons in whole sentences, the decisive one first.
    """

    action: PromotionAction
    passed: bool
    reasons: tuple[str, ...]


def decide(policy: PromotionPolicy, metrics: PromotionMetrics) -> PromotionDecision:
    """Apply the policy to the measured metrics."""
    against = _against(policy, metrics)
    if against:
        return PromotionDecision(action=PromotionAction.KEEP, passed=False, reasons=tuple(against))
    said = _in_favour(policy, metrics)
    if policy.mode == "never":
        reasons = ("The policy is never: nothing is changed.", *said)
        return PromotionDecision(action=PromotionAction.KEEP, passed=True, reasons=reasons)
    action = PromotionAction.ASK if policy.mode == "approve" else PromotionAction.PROMOTE
    return PromotionDecision(action=action, passed=True, reasons=tuple(said))


def decide_unopposed(policy: PromotionPolicy) -> PromotionDecision:
    """Apply the policy if there is no champion, so that there is nothing to compare with."""
    reasons = ["There is no champion to compare with."]
    action = {
        "auto": PromotionAction.PROMOTE,
        "approve": PromotionAction.ASK,
        "never": PromotionAction.KEEP,
    }[policy.mode]
    if action is PromotionAction.KEEP:
        reasons.append("The policy is never: nothing is changed.")
    return PromotionDecision(action=action, passed=True, reasons=tuple(reasons))


def _against(policy: PromotionPolicy, metrics: PromotionMetrics) -> list[str]:
    """Return the reasons against the challenger; empty if it passes."""
    if metrics.obstacles:
        return list(metrics.obstacles)
    if metrics.n_rows < policy.min_rows:
        return [
            f"Only {metrics.n_rows:,} rows are known that neither model was trained on; "
            f"{policy.min_rows:,} are needed to compare them."
        ]
    result = metrics.comparison
    if result is None:
        return [
            "The metric is not defined on the rows to compare on, or a class has fewer than three "
            "rows or groups there."
        ]
    said = []
    if not result.low > policy.margin:
        said.append(
            f"It is not sure enough that the challenger is better: {describe_comparison(result)}; "
            f"the lower bound {result.low:.4g}{_level(policy, metrics)} does not lie above the "
            f"margin {policy.margin:.4g}."
        )
    said += [text for each in metrics.slices if (text := _slice_loses(policy, each)) is not None]
    said += _over(metrics.latency_ms, policy.max_latency_ms, "The challenger takes", "ms a row")
    said += _over(metrics.size_mb, policy.max_size_mb, "The challenger's files take", "MB")
    return said


def _slice_loses(policy: PromotionPolicy, each: SliceComparison) -> str | None:
    result = each.comparison
    if result is None:
        return None
    where = f"where {each.column} is {each.value} ({each.n_rows:,} rows)"
    if policy.slice_limit is None:
        if result.high < 0.0:
            return (
                f"The challenger is surely worse {where}: by {-result.difference:.4g}, "
                f"at least {-result.high:.4g}."
            )
    elif -result.difference > policy.slice_limit:
        return (
            f"The challenger loses {-result.difference:.4g} of {result.metric} {where}; "
            f"the limit is {policy.slice_limit:.4g}."
        )
    return None


def _over(value: float | None, limit: float | None, what: str, unit: str) -> list[str]:
    if limit is None:
        return []
    if value is None:
        return [f"{what} an unknown number of {unit}; the limit is {limit:.4g}."]
    return [f"{what} {value:.4g} {unit}; the limit is {limit:.4g}."] if value > limit else []


def _in_favour(policy: PromotionPolicy, metrics: PromotionMetrics) -> list[str]:
    result = metrics.comparison
    assert result is not None
    how = "better" if result.low > 0.0 else "no worse than allowed"
    said = [
        f"The challenger is {how}: {describe_comparison(result)}; "
        f"the lower bound {result.low:.4g}{_level(policy, metrics)} lies above the margin "
        f"{policy.margin:.4g}."
    ]
    measured = [
        each
        for each in metrics.slices
        if each.comparison is not None and math.isfinite(each.comparison.high)
    ]
    if measured:
        said.append(f"None of {len(measured)} slices loses more than allowed.")
    unmeasured = len(metrics.slices) - len(measured)
    if unmeasured:
        said.append(
            f"{unmeasured} slices could not be judged: the metric is not defined there, or all "
            "rows are of one group."
        )
    return said


def _level(policy: PromotionPolicy, metrics: PromotionMetrics) -> str:
    """Say at which level this comparison is made, if it is stricter than that of the year."""
    if metrics.confidence is None or metrics.confidence <= policy.confidence:
        return ""
    return f" at {percent(metrics.confidence)}"


def percent(level: float) -> str:
    """Return a confidence level with as many digits as its error has: 95 %, 99.904 %."""
    digits = max(0, 1 - math.floor(math.log10(100.0 * (1.0 - level))))
    shown = f"{100.0 * level:.{digits}f}"
    return (shown.rstrip("0").rstrip(".") if digits else shown) + " %"


def describe_comparison(result: ScoreComparison) -> str:
    """Describe the comparison in a sentence."""
    how = "better" if result.difference >= 0.0 else "worse"
    groups = "" if result.n_groups is None else f" of {result.n_groups:,} groups"
    return (
        f"{result.metric} {result.challenger:.5g} against the champion's {result.champion:.5g} on "
        f"the same {result.n_rows:,} rows{groups}, {how} by {abs(result.difference):.4g} "
        f"(the difference lies between {result.low:.4g} and {result.high:.4g})"
    )
