"""A promotion decision and its metrics as a Markdown page."""

import math
from collections.abc import Sequence

from espalier.pipelines.lifecycle.promotion.comparison import ScoreComparison, SliceComparison
from espalier.pipelines.lifecycle.promotion.policy import (
    PromotionMetrics,
    PromotionPolicy,
    percent,
)
from espalier.pipelines.pages.markdown import escape_markdown
from espalier.tasks.promotion.find_candidates import PromotionCandidates


def promotion_page(
    headline: str,
    reasons: Sequence[str],
    candidates: PromotionCandidates,
    metrics: PromotionMetrics,
    policy: PromotionPolicy,
    notes: Sequence[str] = (),
) -> str:
    """Return the page, in Markdown.

    Parameters
    ----------
    headline : str
        The decision, or the question to a person.
    reasons : sequence of str
        Reasons of the decision.
    candidates : PromotionCandidates
        Champion and challenger.
    metrics : PromotionMetrics
        Measurements of the comparison.
    policy : PromotionPolicy
        Conditions of the promotion.
    notes : sequence of str
        Origin of the rows.
    """
    lines = [
        f"## {escape_markdown(headline)}",
        "",
        *(f"- {escape_markdown(each)}" for each in reasons),
        "",
    ]
    lines += _numbers(candidates, metrics)
    if metrics.slices:
        lines += ["", *_slices(metrics.slices)]
    if notes:
        lines += ["", "Rows compared on:", "", *(f"- {escape_markdown(each)}" for each in notes)]
    limits = (
        f"Policy {policy.mode}: margin {policy.margin:g} at {percent(policy.confidence)} for all "
        f"comparisons of a year together{_this_look(metrics)}, slices may "
        f"lose {_limit(policy.slice_limit)}, latency {_limit(policy.max_latency_ms, ' ms')}, size "
        f"{_limit(policy.max_size_mb, ' MB')}, at least {policy.min_rows} rows."
    )
    if metrics.comparison is not None:
        limits += (
            " These rows choose between the models, so the score of the one chosen is a little too "
            "good on them; `espalier monitor` measures it on new rows."
        )
    return "\n".join([*lines, "", limits])


def _this_look(metrics: PromotionMetrics) -> str:
    return "" if metrics.confidence is None else f" (this one at {percent(metrics.confidence)})"


def _numbers(candidates: PromotionCandidates, metrics: PromotionMetrics) -> list[str]:
    who = [
        None if each is None else each.version
        for each in (candidates.champion, candidates.challenger)
    ]
    result = metrics.comparison
    lines = [
        "| | champion | challenger |",
        "| --- | --- | --- |",
        f"| version | {_shown(who[0])} | {_shown(who[1])} |",
    ]
    if result is not None:
        direction = "higher" if result.higher_is_better else "lower"
        lines.append(
            f"| {escape_markdown(result.metric)} ({direction} is better) | {result.champion:.5g} | "
            f"{result.challenger:.5g} |"
        )
        lines.append(f"| better by | | {result.difference:.4g} ({_bounds(result)}) |")
    lines += [
        f"| rows | {metrics.n_rows:,} | {metrics.n_rows:,} |",
        f"| ms a row | {_shown(metrics.champion_latency_ms)} | {_shown(metrics.latency_ms)} |",
        f"| MB | | {_shown(metrics.size_mb)} |",
    ]
    return lines


def _slices(slices: Sequence[SliceComparison]) -> list[str]:
    lines = [
        "| slice | rows | champion | challenger | better by |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in slices:
        name = escape_markdown(f"{each.column} = {each.value}")
        result = each.comparison
        figures = (
            "not defined | | "
            if result is None
            else f"{result.champion:.5g} | {result.challenger:.5g} | "
            f"{result.difference:.4g} ({_bounds(result)})"
        )
        lines.append(f"| {name} | {each.n_rows:,} | {figures} |")
    return lines


def _bounds(result: ScoreComparison) -> str:
    if not math.isfinite(result.low):
        return "all rows are of one group"
    return f"{result.low:.4g} to {result.high:.4g}"


def _limit(value: float | None, unit: str = "") -> str:
    return "without limit" if value is None else f"{value:g}{unit}"


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
