"""The first screen of a version's report: with the champion, and the commands that come next."""

import shlex

from espalier.infra.registry.registry import RegisteredVersion
from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.explain.trust import Evidence
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.pages.facts import ScoreFacts, SeriesFacts
from espalier.pipelines.pages.first_screen import FirstScreen, table_screen
from espalier.pipelines.pages.forecast_screen import forecast_screen
from espalier.pipelines.serving.forecast_model import BASE_METHOD
from espalier.tasks.pages.champion_mark import ChampionMark
from espalier.tasks.records import EnsembleRecord, HoldoutRecord, PreparedRef, ValidationRecord


def first_screen(
    version: RegisteredVersion,
    prepared: PreparedRef,
    ensemble: EnsembleRecord,
    holdout: HoldoutRecord,
    validation: ValidationRecord,
    *,
    higher_is_better: bool,
    failed_share: float,
    champion: ChampionMark | None = None,
) -> FirstScreen:
    """Return the first screen of a version's report.

    Parameters
    ----------
    version, prepared, ensemble, holdout, validation
        Results of the training.
    higher_is_better : bool
        Direction of the metric.
    failed_share : float
        Share of trials that failed.
    champion : ChampionMark or None
        The champion, if this version is not it.
    """
    evidence = Evidence(
        score=holdout.score,
        baseline=holdout.baseline,
        cv_score=ensemble.cv_score,
        interval=holdout.interval,
        higher_is_better=higher_is_better,
        n_rows=holdout.n_rows,
        suspects=prepared.suspects,
        repeated=prepared.repeated,
        broken=tuple(text for _, text in validation.failures),
        calibration=ensemble.adjusted.calibration,
        covered=holdout.covered,
        failed_share=failed_share,
        learnt_all=ensemble.learnt_all,
    )
    screen = table_screen(prepared.metric, evidence)
    spec = _spec(version)
    explain = ("See why rows are answered as they are.", f"espalier explain {spec} FILE --rows 5")
    return screen.with_more(
        said=_beside(
            champion,
            prepared.metric,
            better=champion is not None and evidence.gain_over(champion.score) > 0,
            of="rows",
        ),
        steps=(*_steps(version, champion, "Predict new rows."), explain),
    )


def forecast_first_screen(
    version: RegisteredVersion,
    prepared: PreparedRef,
    ensemble: EnsembleRecord,
    holdout: HoldoutRecord,
    validation: ValidationRecord,
    explanation: ForecastExplanation,
    *,
    failed_share: float,
    champion: ChampionMark | None = None,
) -> FirstScreen:
    """Return the first screen of the report of a version that forecasts.

    Parameters
    ----------
    version, prepared, ensemble, holdout, validation, explanation
        Results of the training.
    failed_share : float
        Share of trials that failed.
    champion : ChampionMark or None
        The champion, if this version is not it.
    """
    series = prepared.series
    assert series is not None
    screen = forecast_screen(
        prepared.metric,
        ScoreFacts(
            score=holdout.score,
            baseline=holdout.baseline,
            interval=holdout.interval,
            n_rows=holdout.n_rows,
        ),
        SeriesFacts(n_series=series.n_series, horizon=series.horizon, frequency=series.frequency),
        explanation,
        cv_score=ensemble.cv_score,
        is_naive=ensemble.method == BASE_METHOD,
        broken=tuple(text for _, text in validation.failures),
        failed_share=failed_share,
    )
    name = shlex.quote(version.name)
    watch = ("Watch it as values come in.", f"espalier monitor {name} --data FILE")
    return screen.with_more(
        said=_beside(
            champion,
            prepared.metric,
            better=champion is not None and holdout.score < champion.score,
            of="values",
        ),
        steps=(*_steps(version, champion, "Forecast what comes next."), watch),
    )


def _beside(
    champion: ChampionMark | None, metric: str, *, better: bool, of: str
) -> tuple[str, ...]:
    """Return the sentence about the champion; none without one."""
    if champion is None:
        return ()
    said = f"The champion, version {champion.version}, scored {champion.score:.4g}"
    if champion.interval is not None:
        said += f" ({describe_interval(champion.interval)})"
    where = f"held-out {of} of this table" if champion.same_table else f"its own held-out {of}"
    return (
        f"{said} on {where}. This version's {metric} is {'better' if better else 'not better'}; "
        f"whether it is so on the same {of}, promotion finds out.",
    )


def _steps(
    version: RegisteredVersion, champion: ChampionMark | None, answer: str
) -> tuple[tuple[str, str], ...]:
    steps = [(answer, f"espalier predict FILE --model {_spec(version)} --out scored.csv")]
    if champion is not None:
        said = "Compare it with the champion on data that neither learnt from."
        steps.insert(0, (said, f"espalier promote {shlex.quote(version.name)}"))
    return tuple(steps)


def _spec(version: RegisteredVersion) -> str:
    """Return how commands name the version."""
    name = shlex.quote(version.name)
    return name if version.alias == "champion" else f"{name}/{version.version}"
