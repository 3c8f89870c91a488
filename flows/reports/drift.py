"""Drift as a Markdown page for the Prefect UI, and as metrics for MLflow."""

from espalier.pipelines.lifecycle.drift.drift import DriftLimits, DriftReport
from espalier.pipelines.pages.markdown import escape_markdown
from espalier.tasks.monitoring.measure_drift import TableComparison

SHOWN_COLUMNS = 15


def drift_markdown(comparison: TableComparison, limits: DriftLimits) -> str:
    """Return a table of the drift of each column, in Markdown."""
    drift = comparison.drift
    if drift is None:
        return "The training run kept no rows to compare with."
    rows = "new rows" if comparison.only_new else "rows"
    lines = [f"{drift.n_now:,} {rows} against a sample of {drift.n_before:,} earlier ones.", ""]
    if drift.classifier is not None:
        test = drift.classifier
        lines += [f"{escape_markdown(test.text)} (0.5 is chance; p = {test.p_value:.2g}).", ""]
    found = {each.column for each in drift.drifted(limits)}
    lines += [
        "| column | stability index | distance | moved by | missing | never seen | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    shown = [*([] if drift.target is None else [drift.target]), *drift.columns]
    for each in shown[:SHOWN_COLUMNS]:
        moved = "" if each.moved is None else f"{each.moved:.2g} sd"
        target = " (target)" if each is drift.target else ""
        lines.append(
            f"| {escape_markdown(each.column)}{target} | {each.index:.3g} | {each.distance:.3g} "
            f"| {moved} | {each.missing_before:.1%} → {each.missing_now:.1%} "
            f"| {each.new_share:.1%} | {'**drift**' if each.column in found else ''} |"
        )
    if len(shown) > SHOWN_COLUMNS:
        lines.append(f"\nand {len(shown) - SHOWN_COLUMNS} more columns.")
    return "\n".join(lines)


def drift_figures(drift: DriftReport | None, limits: DriftLimits | None = None) -> dict[str, float]:
    """Return the drift as metrics for MLflow; empty if it was not measured."""
    if drift is None:
        return {}
    figures = {
        "drift_largest_index": drift.largest_index,
        "drift_columns": float(len(drift.drifted(limits or DriftLimits()))),
    }
    if drift.target is not None:
        figures["drift_target_index"] = drift.target.index
    if drift.classifier is not None:
        figures["drift_classifier_auc"] = drift.classifier.auc
    return figures
