"""Calibration, decision threshold and prediction intervals as parts of the model card."""

from espalier.pipelines.calibration.report import (
    AdjustmentReport,
    CalibrationReport,
    IntervalReport,
    ThresholdChoice,
)
from espalier.pipelines.pages.markdown import escape_markdown, markdown_table


def adjustment_blocks(report: AdjustmentReport, metric: str) -> list[str]:
    """Return Markdown paragraphs and tables; an empty list if nothing was measured."""
    blocks: list[str] = []
    if report.calibration is not None:
        blocks += _probabilities(report.calibration)
    if report.threshold is not None:
        blocks.append(_threshold(report.threshold, escape_markdown(metric)))
    if report.intervals is not None:
        blocks += _intervals(report.intervals)
    return blocks


def _probabilities(calibration: CalibrationReport) -> list[str]:
    before, after = calibration.before, calibration.after
    corrected = calibration.method != "none"
    columns = [before, after] if corrected else [before]
    numbers = [
        ("log loss", *(f"{each.log_loss:.4g}" for each in columns)),
        ("Brier score", *(f"{each.brier:.4g}" for each in columns)),
        ("expected calibration error", *(f"{each.calibration_error:.3g}" for each in columns)),
    ]
    head = ("on left-out rows", "as combined", calibration.method)[: len(columns) + 1]
    verdict = (
        f"Corrected by {calibration.method}, which was not fitted to the rows it is measured on."
        if corrected
        else "No correction was proven to help, so they are served as they are combined."
    )
    return [
        "### Probabilities",
        f"{verdict} {before.n_rows:,} rows.",
        markdown_table(head, numbers),
        markdown_table(
            ("predicted", "came true", "rows"),
            [
                (f"{each.predicted:.3f}", f"{each.observed:.3f}", f"{each.n_rows:,}")
                for each in after.curve
            ],
        ),
    ]


def _threshold(threshold: ThresholdChoice, metric: str) -> str:
    value = f"**Threshold {threshold.value:.4g}**"
    if threshold.before is None or threshold.after is None:
        return f"{value}: labels are those of the second class where its probability is larger."
    return (
        f"{value}, tuned for {metric}: {threshold.after:.4g} on left-out rows instead of "
        f"{threshold.before:.4g} at 0.5. Probabilities do not depend on it."
    )


def _intervals(intervals: IntervalReport) -> list[str]:
    scaled = {
        "constant": "equally wide",
        "prediction": "as wide as the predicted value asks for",
        "spread": "wider where members disagree",
    }
    return [
        "### Prediction intervals",
        f"Conformal, {scaled[intervals.scaled_by]}, from {intervals.n_rows:,} out-of-fold "
        f"residuals. Asked for {intervals.asked:.0%}, they cover {intervals.coverage:.1%} of "
        f"left-out rows with a mean width of {intervals.mean_width:.4g}.",
    ]
