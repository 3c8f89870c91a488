"""A decision and its evidence as a page for people."""

from collections.abc import Sequence

from espalier.pipelines.lifecycle.promotion.comparison import SliceComparison
from espalier.pipelines.lifecycle.promotion.policy import Evidence, PromotionPolicy
from espalier.tasks.pages.markdown import in_markdown
from espalier.tasks.promotion.find_candidates import Contest


def promotion_page(
    headline: str,
    reasons: Sequence[str],
    contest: Contest,
    evidence: Evidence,
    policy: PromotionPolicy,
    notes: Sequence[str] = (),
) -> str:
    """Return the page, in Markdown.

    Parameters
    ----------
    headline : str
        What was decided, or is asked.
    reasons : sequence of str
        Why.
    contest : Contest
        Between whom.
    evidence : Evidence
        What was measured.
    policy : PromotionPolicy
        What was asked for.
    notes : sequence of str
        Where the rows come from.
    """
    lines = [f"## {in_markdown(headline)}", "", *(f"- {in_markdown(each)}" for each in reasons), ""]
    lines += _numbers(contest, evidence)
    if evidence.slices:
        lines += ["", *_slices(evidence.slices)]
    if notes:
        lines += ["", "Rows compared on:", "", *(f"- {in_markdown(each)}" for each in notes)]
    limits = (
        f"Policy {policy.mode}: margin {policy.margin:g} at {policy.confidence:.0%}, slices may "
        f"lose {_limit(policy.slice_limit)}, latency {_limit(policy.max_latency_ms, ' ms')}, size "
        f"{_limit(policy.max_size_mb, ' MB')}, at least {policy.min_rows} rows."
    )
    return "\n".join([*lines, "", limits])


def _numbers(contest: Contest, evidence: Evidence) -> list[str]:
    who = [
        None if each is None else each.version for each in (contest.champion, contest.challenger)
    ]
    result = evidence.comparison
    lines = [
        "| | champion | challenger |",
        "| --- | --- | --- |",
        f"| version | {_shown(who[0])} | {_shown(who[1])} |",
    ]
    if result is not None:
        direction = "higher" if result.higher_is_better else "lower"
        lines.append(
            f"| {in_markdown(result.metric)} ({direction} is better) | {result.champion:.5g} | "
            f"{result.challenger:.5g} |"
        )
        lines.append(
            f"| better by | | {result.difference:.4g} ({result.low:.4g} to {result.high:.4g}) |"
        )
    lines += [
        f"| rows | {evidence.n_rows:,} | {evidence.n_rows:,} |",
        f"| ms a row | {_shown(evidence.champion_latency_ms)} | {_shown(evidence.latency_ms)} |",
        f"| MB | | {_shown(evidence.size_mb)} |",
    ]
    return lines


def _slices(slices: Sequence[SliceComparison]) -> list[str]:
    lines = [
        "| slice | rows | champion | challenger | better by |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in slices:
        name = in_markdown(f"{each.column} = {each.value}")
        result = each.comparison
        figures = (
            "not defined | | "
            if result is None
            else f"{result.champion:.5g} | {result.challenger:.5g} | "
            f"{result.difference:.4g} ({result.low:.4g} to {result.high:.4g})"
        )
        lines.append(f"| {name} | {each.n_rows:,} | {figures} |")
    return lines


def _limit(value: float | None, unit: str = "") -> str:
    return "without limit" if value is None else f"{value:g}{unit}"


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
