"""The report of a training run: what its tasks found, as a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.tracking.artifacts import ROWS_BEGIN, ROWS_END
from espalier.pipelines.explain.explanation import Explanation
from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.explain.search.story import SearchStory
from espalier.pipelines.pages.facts import (
    DataFacts,
    EnsembleFacts,
    HowToReproduce,
    PageFacts,
    ScoreFacts,
    SeriesFacts,
)
from espalier.pipelines.pages.first_screen import FirstScreen
from espalier.pipelines.pages.page import render_page
from espalier.pipelines.trials.failures import Failures
from espalier.tasks.pages.champion_mark import ChampionMark
from espalier.tasks.pages.first_screen import first_screen, forecast_first_screen
from espalier.tasks.pages.leaderboard_table import front_rows
from espalier.tasks.records import EnsembleRecord, HoldoutRecord, PreparedRef, ValidationRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """Facts that the report shows.

    Attributes
    ----------
    version : RegisteredVersion
        The registered model.
    data, target : str
        Data source (without its password) and target column.
    higher_is_better : bool
        Whether higher scores are better.
    prepared, validation, ensemble, holdout, explanation
        Results of the tasks of the training.
    leaderboard : sequence of LeaderboardRow
        Trials, the best first.
    failures : sequence of Failures
        Why trials have no score.
    said : tuple of str
        Remarks about the advice from experience.
    story : SearchStory or None
        The search in figures; None if there was no time for them.
    reproduce : HowToReproduce or None
        How to make the model again.
    champion : ChampionMark or None
        The champion, if this version is not it.
    examples : str
        File with pictures and texts of single rows; empty where there is none.
    """

    version: RegisteredVersion
    data: str
    target: str
    higher_is_better: bool
    prepared: PreparedRef
    validation: ValidationRecord
    ensemble: EnsembleRecord
    holdout: HoldoutRecord
    explanation: Explanation | ForecastExplanation
    leaderboard: Sequence[LeaderboardRow]
    failures: Sequence[Failures]
    said: tuple[str, ...] = ()
    story: SearchStory | None = None
    reproduce: HowToReproduce | None = None
    champion: ChampionMark | None = None
    examples: str = ""


def report_page(facts: ReportFacts) -> str:
    """Return the report as HTML; all text from data is escaped."""
    return render_page(page_facts(facts))


def page_facts(facts: ReportFacts) -> PageFacts:
    """Return what the pages of a training show."""
    prepared, holdout, version = facts.prepared, facts.holdout, facts.version
    return PageFacts(
        title=f"{version.name} version {version.version}",
        badge=version.alias or "",
        metric=prepared.metric,
        higher_is_better=facts.higher_is_better,
        data=_data(facts),
        scored=ScoreFacts(
            score=holdout.score,
            baseline=holdout.baseline,
            interval=holdout.interval,
            n_rows=holdout.n_rows,
            note=holdout.note,
        ),
        ensemble=EnsembleFacts(
            method=facts.ensemble.method,
            cv_score=facts.ensemble.cv_score,
            combiners=facts.ensemble.combiners,
            adjusted=facts.ensemble.adjusted,
            light_front=tuple(front_rows(facts.ensemble.front)),
        ),
        explanation=facts.explanation,
        leaderboard=facts.leaderboard,
        failures=facts.failures,
        story=facts.story,
        first=_first_screen(facts),
        examples=facts.examples,
        reproduce=facts.reproduce,
        row_marks=(ROWS_BEGIN, ROWS_END),
    )


def _data(facts: ReportFacts) -> DataFacts:
    prepared, validation = facts.prepared, facts.validation
    series = None
    if prepared.series is not None:
        series = SeriesFacts(
            n_series=prepared.series.n_series,
            horizon=prepared.series.horizon,
            frequency=prepared.series.frequency,
        )
    return DataFacts(
        source=facts.data,
        target=facts.target,
        problem=prepared.problem,
        n_rows=prepared.shape.n_rows,
        n_columns=prepared.shape.n_columns,
        folds=prepared.folds,
        series=series,
        notes=(*prepared.notes, *prepared.warnings, *facts.said),
        set_aside=prepared.set_aside,
        n_expectations=validation.n_expectations,
        broken=validation.failures,
        columns=facts.explanation.columns if isinstance(facts.explanation, Explanation) else (),
    )


def _first_screen(facts: ReportFacts) -> FirstScreen:
    n_failed = sum(each.count for each in facts.failures)
    failed_share = n_failed / max(len(facts.leaderboard), 1)
    if isinstance(facts.explanation, ForecastExplanation):
        return forecast_first_screen(
            facts.version,
            facts.prepared,
            facts.ensemble,
            facts.holdout,
            facts.validation,
            facts.explanation,
            failed_share=failed_share,
            champion=facts.champion,
        )
    return first_screen(
        facts.version,
        facts.prepared,
        facts.ensemble,
        facts.holdout,
        facts.validation,
        higher_is_better=facts.higher_is_better,
        failed_share=failed_share,
        champion=facts.champion,
    )
