"""Messages about the data, shown before the search begins."""

from espalier.flows.progress.listeners import RunListener
from espalier.tasks.records import PreparedRef, ValidationRecord

SHOWN_COLUMNS = 10


def tell_of_data(
    listener: RunListener, prepared: PreparedRef, validation: ValidationRecord
) -> None:
    """Send the listener the shape of the data, dropped columns, notes and warnings."""
    listener.note(_headline(prepared))
    for column, reason in prepared.set_aside[:SHOWN_COLUMNS]:
        listener.note(f"{column!r} is set aside: {reason}")
    hidden = len(prepared.set_aside) - SHOWN_COLUMNS
    if hidden > 0:
        listener.note(f"and {hidden} more columns are set aside")
    for line in prepared.notes:
        listener.note(line)
    for line in prepared.warnings:
        listener.warn(line)
    for severity, line in validation.failures:
        listener.warn(f"{line} ({severity})")


def _headline(prepared: PreparedRef) -> str:
    shape, series = prepared.shape, prepared.series
    rest = f"{prepared.folds}; metric {prepared.metric}"
    if series is None:
        return (
            f"{shape.problem}: {shape.n_rows:,} rows to search on, {prepared.n_holdout:,} held "
            f"out; {shape.n_columns} features; {rest}"
        )
    return (
        f"forecast of {series.horizon} steps ({series.frequency}) of {series.n_series:,} series: "
        f"{shape.n_rows:,} values to search on, {prepared.n_holdout:,} held out; {rest}"
    )
