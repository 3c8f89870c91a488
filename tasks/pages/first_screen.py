"""The first screen of a version's report: with the champion, and the commands that come next."""

import shlex

from espalier.infra.registry.registry import RegisteredVersion
from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.explain.trust import Evidence, Gravity, Judgement, judge
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.pages.facts import ScoreFacts, SeriesFacts
from espalier.pipelines.pages.first_screen import FirstScreen, how_good
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
    judgement, said = judge(evidence), how_good(prepared.metric, evidence)
    if champion is not None:
        better = evidence.gain_over(champion.score) > 0
        said = (*said, _beside_champion(prepared.metric, champion, better=better, of="rows"))
    return FirstScreen(
        how_good=said,
        judgement=judgement,
        steps=_steps(
            version,
            judgement,
            champion,
            answer="Predict new rows.",
            more=(
                "See why rows are answered as they are.",
                f"espalier explain {_spec(version)} FILE --rows 5",
            ),
        ),
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
    plain = forecast_screen(
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
    said = plain.how_good
    if champion is not None:
        better = holdout.score < champion.score
        said = (*said, _beside_champion(prepared.metric, champion, better=better, of="values"))
    return FirstScreen(
        how_good=said,
        judgement=plain.judgement,
        steps=_steps(
            version,
            plain.judgement,
            champion,
            answer="Forecast what comes next.",
            more=(
                "Watch it as values come in.",
                f"espalier monitor {shlex.quote(version.name)} --data FILE",
            ),
        ),
    )


def _beside_champion(metric: str, champion: ChampionMark, *, better: bool, of: str) -> str:
    said = f"The champion, version {champion.version}, scored {champion.score:.4g}"
    if champion.interval is not None:
        said += f" ({describe_interval(champion.interval)})"
    where = f"held-out {of} of this table" if champion.same_table else f"its own held-out {of}"
    return (
        f"{said} on {where}. This version's {metric} is {'better' if better else 'not better'}; "
        f"whether it is so on the same {of}, promotion finds out."
    )


def _steps(
    version: RegisteredVersion,
    judgement: Judgement,
    champion: ChampionMark | None,
    *,
    answer: str,
    more: tuple[str, str],
) -> tuple[tuple[str, str], ...]:
    name = shlex.quote(version.name)
    steps = [(each.advice, "") for each in judgement.reasons if each.gravity is not Gravity.NOTE]
    if champion is not None:
        said = "Compare it with the champion on data that neither learnt from."
        steps.append((said, f"espalier promote {name}"))
    steps.append((answer, f"espalier predict FILE --model {_spec(version)} --out scored.csv"))
    return tuple(dict.fromkeys([*steps, more]))


def _spec(version: RegisteredVersion) -> str:
    """Return how commands name the version."""
    name = shlex.quote(version.name)
    return name if version.alias == "champion" else f"{name}/{version.version}"
