"""What the Markdown report tells of the model itself: columns, mistakes, back-test."""

from collections.abc import Iterator

from espalier.pipelines.explain.explanation import Explanation
from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.pages.facts import PageFacts
from espalier.pipelines.pages.markdown import escape_markdown as escape
from espalier.pipelines.pages.markdown import escaped_table
from espalier.pipelines.pages.model_section import COLUMNS_SHOWN, LEAST_INTERACTION
from espalier.pipelines.pages.wording import number


def model_blocks(found: Explanation, facts: PageFacts) -> Iterator[str]:
    """Yield the paragraphs and tables about a model of rows."""
    yield from _columns(found, facts.metric)
    yield from _mistakes(found)
    yield from _probabilities(facts)
    yield from _weak_spots(found, facts)


def forecast_blocks(found: ForecastExplanation, facts: PageFacts) -> Iterator[str]:
    """Yield the paragraphs and tables about a forecast."""
    metric, series = facts.metric, facts.data.series
    if found.blocks:
        yield "## The back-test"
        yield escaped_table(
            ("from", "to", metric, "seasonal naive", "values", ""),
            [
                (
                    each.first,
                    each.last,
                    number(each.score, 4),
                    number(each.naive, 4),
                    f"{each.n_values:,}",
                    "newest" if each.held_out else "origin of the search",
                )
                for each in found.blocks
            ],
        )
    if found.steps:
        yield "### By step"
        yield escaped_table(
            ("step", f"{metric} of the newest block", "seasonal naive", "mean of the origins"),
            [
                (
                    str(each.step),
                    number(each.held_out, 4),
                    number(each.naive, 4),
                    number(each.origins, 4),
                )
                for each in found.steps
            ],
        )
    if found.worst and series is not None and series.n_series > 1:
        yield "### The worst series"
        yield (
            f"{found.n_beaten:,} of {found.n_series:,} series would have been better off with the "
            "seasonal naive forecast."
        )
        yield escaped_table(
            ("series", metric, "seasonal naive", "at the origins", "values"),
            [
                (
                    each.name,
                    number(each.score, 4),
                    number(each.naive, 4),
                    number(each.origins, 4),
                    str(each.n_values),
                )
                for each in found.worst
            ],
        )
    for effect in found.calendar:
        yield f"### By {escape(effect.unit)}"
        yield escaped_table(
            (effect.unit, "from the level around"),
            [
                (label, "" if value is None else f"{value:+.1%}")
                for label, value in zip(effect.labels, effect.effects, strict=True)
            ],
        )


def _columns(found: Explanation, metric: str) -> Iterator[str]:
    if not found.importances:
        return
    yield "## What the model needs"
    yield f"By how much {escape(metric)} gets worse when a column is shuffled."
    yield escaped_table(
        ("column", "loss", "±"),
        [
            (each.name, number(each.loss, 3), number(each.spread, 2))
            for each in found.importances[:COLUMNS_SHOWN]
        ],
    )
    together = [each for each in found.interactions if each.share >= LEAST_INTERACTION]
    if together:
        yield "Columns that act together:"
        yield escaped_table(
            ("column", "with", "share of the effect that is neither's alone"),
            [(each.across, each.beside, f"{each.share:.0%}") for each in together],
        )
    curve = found.learning
    if curve is not None:
        more = "are likely to help" if curve.worth_more_rows else "would hardly help"
        yield f"More rows {more}:"
        yield escaped_table(
            ("rows", metric),
            [(f"{n_rows:,}", number(score)) for n_rows, score in curve.points],
        )


def _mistakes(found: Explanation) -> Iterator[str]:
    if found.confusion is not None:
        yield "## What it mixes up"
        matrix = found.confusion
        yield escaped_table(
            ("true, then predicted", *matrix.labels, "recognised"),
            [
                (
                    label,
                    *(f"{count:,}" for count in counts),
                    "" if recall is None else f"{recall:.0%}",
                )
                for label, counts, recall in zip(
                    matrix.labels, matrix.counts, matrix.recalls, strict=True
                )
            ],
        )
    if found.curves is not None:
        curves = found.curves
        yield (
            f"ROC area {number(curves.roc_auc, 4)}, average precision "
            f"{number(curves.average_precision, 4)} for {escape(curves.positive)}."
        )
        yield escaped_table(
            ("a miss costs", "threshold", "false alarms", "misses", "called", "cost"),
            [
                (
                    number(each.ratio, 3),
                    number(each.errors.threshold, 3),
                    f"{each.errors.false_alarms:.1%}",
                    f"{each.errors.misses:.1%}",
                    f"{each.errors.called:.1%}",
                    number(each.cost, 3),
                )
                for each in curves.costs
            ],
        )
    if found.classes:
        yield escaped_table(
            ("class", "rows", "right among called", "found", "ROC area"),
            [
                (
                    each.label,
                    f"{each.n_rows:,}",
                    "" if each.precision is None else f"{each.precision:.1%}",
                    "" if each.recall is None else f"{each.recall:.1%}",
                    number(each.roc_auc, 4),
                )
                for each in found.classes
            ],
        )
    if found.deviations is not None:
        off = found.deviations
        yield "## How far values are off"
        yield escaped_table(
            ("share of rows", *(f"{share:.0%}" for share, _ in off.quantiles), "bias"),
            [("off by at most", *(number(value) for _, value in off.quantiles), number(off.bias))],
        )
    if found.coverages:
        yield "Prediction intervals:"
        yield escaped_table(
            ("asked for", "found", "mean width"),
            [
                (f"{each.asked:.0%}", f"{each.covered:.1%}", number(each.width, 4))
                for each in found.coverages
            ],
        )


def _probabilities(facts: PageFacts) -> Iterator[str]:
    calibration = facts.ensemble.adjusted.calibration
    if calibration is None or not calibration.after.curve:
        return
    yield "## How far probabilities can be believed"
    yield escaped_table(
        ("predicted", "came true", "rows"),
        [
            (f"{each.predicted:.3f}", f"{each.observed:.3f}", f"{each.n_rows:,}")
            for each in calibration.after.curve
        ],
    )


def _weak_spots(found: Explanation, facts: PageFacts) -> Iterator[str]:
    begin, end = facts.row_marks
    if found.slices or found.worst:
        yield "## Where it is weak"
    if found.slices:
        yield escaped_table(
            ("column", "value", "rows", "loss", "elsewhere", "standard errors"),
            [
                (
                    each.column,
                    each.value,
                    f"{each.n_rows:,}",
                    number(each.loss, 3),
                    number(each.loss_elsewhere, 3),
                    number(each.errors, 2),
                )
                for each in found.slices
            ],
        )
    if found.worst:
        table = escaped_table(
            ("row", "true", "predicted", "loss"),
            [
                (str(each.row), each.truth, each.answer, number(each.loss, 3))
                for each in found.worst
            ],
        )
        yield "\n\n".join(
            each
            for each in (begin, "The worst rows, by their number in the table:", table, end)
            if each
        )
