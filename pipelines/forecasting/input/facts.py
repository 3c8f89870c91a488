"""A table of series as one row for each series: what a gate looks at."""

import numpy as np
import pandas as pd

from espalier.pipelines.data.contract import DataContract
from espalier.pipelines.data.expectation import Expectation, Severity
from espalier.pipelines.forecasting.input.table import SeriesTable

SERIES, VALUES, GAPS, ZEROS = "series", "values", "gap share", "zero share"
BEHIND, LAST = "steps behind", "last step"

# Of a series a larger share of missing steps is worth a word, as are so few values.
MOST_GAPS = 0.2
FEWEST_VALUES = 2
# Share of the series that must be as expected: a few always ended long ago.
MOSTLY = 0.9
# Later tables may have lost this share of the series.
LOST_SERIES = 0.5


def series_facts(table: SeriesTable) -> pd.DataFrame:
    """Return one row for each series.

    Returns
    -------
    DataFrame
        ``series``, its name as text; ``values``, how many it has; ``gap share``, the share of its
        steps without one; ``zero share``; ``steps behind``, by how many steps it ends before the
        newest; ``last step``, the number of its last step since the beginning of time.
    """
    panel = table.panel
    row = np.repeat(np.arange(len(panel)), panel.lengths)
    places = np.arange(len(row)) + np.repeat(
        panel.starts - np.cumsum(panel.lengths) + panel.lengths, panel.lengths
    )
    seen = panel.observed[places]
    counts = np.bincount(row, weights=seen, minlength=len(panel))
    zeros = np.bincount(row, weights=seen & (panel.values[places] == 0), minlength=len(panel))
    last = panel.first + panel.lengths - 1
    return pd.DataFrame(
        {
            SERIES: [str(name) for name in table.names],
            VALUES: counts.astype(np.int64),
            GAPS: 1.0 - counts / np.maximum(panel.lengths, 1),
            ZEROS: zeros / np.maximum(counts, 1),
            BEHIND: last.max(initial=0) - last,
            LAST: last,
        }
    )


def series_contract(facts: pd.DataFrame, *, horizon: int) -> DataContract:
    """Return what is expected of the series of a training, and of later tables of them.

    Two values of a series at one time, times that do not fit the step and values that are no
    numbers are not among them: a table with any cannot be read at all.

    Parameters
    ----------
    facts : DataFrame
        `series_facts` of the training's table.
    horizon : int
        Steps to forecast; a series that ended longer ago is not fresh.
    """
    fewest = max(1, int(np.ceil(LOST_SERIES * len(facts))))
    newest = int(facts[LAST].max())
    return DataContract(
        (
            Expectation(
                "ExpectTableRowCountToBeBetween", None, Severity.WARN, {"min_value": fewest}
            ),
            Expectation("ExpectColumnValuesToBeUnique", SERIES, Severity.REFUSE),
            _mostly(VALUES, {"min_value": FEWEST_VALUES}),
            _mostly(GAPS, {"max_value": MOST_GAPS}),
            _mostly(BEHIND, {"max_value": horizon}),
            Expectation("ExpectColumnMaxToBeBetween", LAST, Severity.WARN, {"min_value": newest}),
        )
    )


def _mostly(column: str, bounds: dict[str, float]) -> Expectation:
    return Expectation(
        "ExpectColumnValuesToBeBetween", column, Severity.WARN, {**bounds, "mostly": MOSTLY}
    )
