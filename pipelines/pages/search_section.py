"""What the report shows of the search: settings that mattered, proposers, relatives, growth."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.explain.search.story import Expectation, SearchStory
from espalier.pipelines.pages.search_charts import expectation_chart, front_chart, growth_chart

ORIGINS = {
    "warm_start": "what earlier trainings and experience advise",
    "differentiable": "proposed by networks that hold many",
    "default": "defaults of the families",
    "starter": "other good starts of the leading families",
    "random": "drawn at random",
    "neighbour": "one step from one of the best",
    "slower": "one of the best, trained longer in smaller steps",
    "near leaders": "one step from one of the best",
    "surrogate": "proposed by the predictor",
    "gp": "the Gaussian process, among random candidates",
    "gp+ascent": "the Gaussian process, by gradient ascent",
    "neural": "the networks, among random candidates",
    "neural+ascent": "the networks, by gradient ascent",
    "forest": "the forest",
    "tpe": "a tree-structured Parzen estimator",
    "evolution": "crossed and mutated from the best",
    "grid": "the next point of the grid",
}
FEWEST_FIT = 0.05
"""Out-of-bag R^2 below which a forest knows too little to tell what mattered."""


def search_section(
    story: SearchStory | None,
    rows: Sequence[LeaderboardRow],
    *,
    metric: str,
    higher_is_better: bool,
) -> Mapping[str, Any]:
    """Return the values of the template's sections about the search; charts may be empty.

    Parameters
    ----------
    story : SearchStory or None
        None where the search could not be explained.
    rows : sequence of LeaderboardRow
        All trials.
    metric : str
        The metric's name.
    higher_is_better : bool
        Direction of the metric.
    """
    expectations = () if story is None else story.expectations
    return {
        "story": story,
        "front_chart": front_chart(rows, metric=metric, higher_is_better=higher_is_better),
        "front": sorted(
            (row for row in rows if row.pareto),
            key=lambda row: -(row.score or 0.0) if higher_is_better else (row.score or 0.0),
        ),
        "growth_chart": Markup("") if story is None else growth_chart(story.growth, metric=metric),
        "expectation_chart": expectation_chart(expectations),
        "expected": _expected(expectations),
        "told_settings": []
        if story is None
        else [each for each in story.settings if each.fit >= FEWEST_FIT and each.shares],
        "untold_settings": []
        if story is None
        else [each.family for each in story.settings if each.fit < FEWEST_FIT or not each.shares],
        "origin_names": ORIGINS,
    }


def _expected(expectations: Sequence[Expectation]) -> tuple[float, float, int] | None:
    """Return mean expected and observed improvement, none counted below 0, and the number."""
    if not expectations:
        return None
    n = len(expectations)
    return (
        sum(each.expected for each in expectations) / n,
        sum(max(each.observed, 0.0) for each in expectations) / n,
        n,
    )
