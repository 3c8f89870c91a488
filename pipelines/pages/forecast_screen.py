"""The first screen of a forecast's report: what is forecast, how well, whether to trust it."""

from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.explain.forecast_trust import ForecastEvidence, judge_forecast
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.pages.facts import ScoreFacts, SeriesFacts
from espalier.pipelines.pages.first_screen import FirstScreen

_OF_CHANGES = {
    "mase": "the mean change from one season to the next",
    "rmsse": "the root mean square change from one season to the next",
    "scrps": "the mean change from one season to the next",
}


def forecast_screen(
    metric: str,
    scored: ScoreFacts,
    series: SeriesFacts,
    explanation: ForecastExplanation,
    *,
    cv_score: float,
    is_naive: bool = False,
    broken: tuple[str, ...] = (),
    failed_share: float = 0.0,
) -> FirstScreen:
    """Return the first screen of a forecast, without what to do next but for advice.

    Parameters
    ----------
    metric : str
        Name of the metric; smaller is better.
    scored : ScoreFacts
        The score on the newest block of values, beside the seasonal naive forecast.
    series : SeriesFacts
        What is forecast.
    explanation : ForecastExplanation
        Where it errs.
    cv_score : float
        The score at the origins of the search.
    is_naive : bool
        Whether no member could be fitted.
    broken : tuple of str
        Expectations about the data that do not hold.
    failed_share : float
        Share of trials that failed.
    """
    evidence = ForecastEvidence(
        score=scored.score,
        baseline=scored.baseline,
        cv_score=cv_score,
        interval=scored.interval,
        n_values=scored.n_rows,
        n_series=explanation.n_series,
        horizon=series.horizon,
        n_beaten=explanation.n_beaten,
        nominal=explanation.nominal,
        covered=explanation.covered,
        worse_from=explanation.worse_from,
        is_naive=is_naive,
        compared_too=scored.compared_too,
        broken=broken,
        failed_share=failed_share,
    )
    said = forecast_how_good(metric, evidence, series)
    return FirstScreen.of(said, judge_forecast(evidence))


def forecast_how_good(
    metric: str, evidence: ForecastEvidence, series: SeriesFacts
) -> tuple[str, ...]:
    """Return whole sentences about a forecast's score."""
    held = "used to compare trials, but not to fit them" if evidence.compared_too else "held out"
    held = f"{'were' if series.horizon > 1 else 'was'} {held}"
    of = f"each of {series.n_series:,} series" if series.n_series > 1 else "the series"
    steps = f"{series.horizon:,} steps" if series.horizon > 1 else "step"
    sentences = [
        f"The last {steps} of {of} {held}: {evidence.n_values:,} values. There {metric} is "
        f"{evidence.score:.4g} ({describe_interval(evidence.interval)}).",
        *_in_words(metric, evidence.score),
        _against_naive(evidence),
    ]
    if evidence.n_series > 1:
        better = evidence.n_series - evidence.n_beaten
        sentences.append(
            f"It is at least as good as that for {better:,} of the {evidence.n_series:,} series "
            f"({better / evidence.n_series:.0%})."
        )
    if evidence.covered is not None and evidence.nominal is not None:
        sentences.append(
            f"Its outer quantiles held {evidence.covered:.0%} of the values; {evidence.nominal:.0%}"
            " should lie between them."
        )
    return tuple(sentences)


def _in_words(metric: str, score: float) -> list[str]:
    if metric in _OF_CHANGES:
        return [
            f"That is, errors are {score:.0%} of {_OF_CHANGES[metric]} that a series had before."
        ]
    if metric in ("mae", "rmse"):
        typical = "mean" if metric == "mae" else "root mean square"
        return [f"It is off by {score:.4g} ({typical}), in the unit of the values."]
    if metric == "smape":
        return [f"It is off by about {score:.3g} % of the values."]
    if metric == "wape":
        return [f"Errors sum up to {score:.1%} of the sum of the values."]
    if metric == "wql":
        return [f"Losses of its quantiles sum up to {score:.1%} of the sum of the values."]
    return []


def _against_naive(evidence: ForecastEvidence) -> str:
    said = (
        "Repeating the values of a season before (seasonal naive) would have scored "
        f"{evidence.baseline:.4g} there"
    )
    if evidence.is_naive or not evidence.baseline > 0:
        return f"{said}."
    part = evidence.gain / evidence.baseline
    if part > 0:
        return f"{said}: the errors of this forecast are {part:.0%} smaller."
    return f"{said}: this forecast is no better."
