"""Check a table with Great Expectations: a data contract becomes a suite in a temporary context.

The suite is derived from the contract (`espalier.pipelines.data.contract`). Great Expectations 1.x
is imported only when a table is validated, since that takes seconds.
"""

import logging
import time
from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from espalier.infra.validation.report import (
    SHOWN_VALUES,
    CheckedExpectation,
    ValidationReport,
    few,
    short,
)
from espalier.pipelines.data.contract import DataContract
from espalier.pipelines.data.expectation import Expectation, Severity
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.dates import read_dates

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation as GXExpectation

_LOG = logging.getLogger(__name__)

_BOUNDS = ("min_value", "max_value")
_COLUMNS = ("column_A", "column_B")

SAMPLE_ROWS = 50_000
"""Largest number of rows checked by expectations about cells; of longer tables a sample is used."""
_SAMPLE_SEED = 0
# Expectations that use all rows: they are cheap, or would be wrong on a sample.
_WHOLE_TABLE = {
    "ExpectTableColumnsToMatchSet",
    "ExpectColumnToExist",
    "ExpectTableRowCountToBeBetween",
    "ExpectColumnValuesToBeUnique",
    "ExpectColumnDistinctValuesToContainSet",
    "ExpectColumnUniqueValueCountToBeBetween",
    "ExpectColumnMaxToBeBetween",
    "ExpectColumnMinToBeBetween",
    "ExpectColumnMeanToBeBetween",
    "ExpectCompoundColumnsToBeUnique",
}
# Of these, bounds that are texts are dates, and so are the cells then.
_OF_DATES = ("ExpectColumnMaxToBeBetween", "ExpectColumnMinToBeBetween")


def check_expectations(table: pd.DataFrame, contract: DataContract) -> ValidationReport:
    """Check a table against a contract with Great Expectations.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows; not changed.
    contract : DataContract
        The expectations.
    """
    import great_expectations as gx

    started = time.monotonic()
    whole = _plain(with_unique_names(table))
    sample = (
        whole.sample(SAMPLE_ROWS, random_state=_SAMPLE_SEED) if len(whole) > SAMPLE_ROWS else whole
    )
    context = gx.get_context(mode="ephemeral")
    _no_progress_bars(context)
    dated = [each for each in contract.expectations if _is_about_dates(each)]
    rest = [each for each in contract.expectations if not _is_about_dates(each)]
    parts = (
        (whole, [each for each in rest if each.kind in _WHOLE_TABLE]),
        (sample, [each for each in rest if each.kind not in _WHOLE_TABLE]),
        (_with_dates(whole, {each.column for each in dated}) if dated else whole, dated),
    )
    results: dict[int, CheckedExpectation] = {}
    for number, (frame, expectations) in enumerate(parts):
        for expectation, checked in _check(context, f"part {number}", frame, expectations):
            results[id(expectation)] = checked
    return ValidationReport(
        checked=tuple(results[id(each)] for each in contract.expectations),
        n_rows=len(table),
        n_columns=table.shape[1],
        n_sampled=len(sample),
        columns_unchecked=contract.columns_unchecked,
        seconds=time.monotonic() - started,
        gx_version=gx.__version__,
    )


def _check(
    context: Any, name: str, frame: pd.DataFrame, expectations: list[Expectation]
) -> list[tuple[Expectation, CheckedExpectation]]:
    """Return each expectation with its result on ``frame``."""
    import great_expectations as gx

    lacking = [(each, _lacking(each, frame)) for each in expectations]
    pairs = [
        (each, CheckedExpectation(expectation=each, held=False, observed=said))
        for each, said in lacking
        if said
    ]
    expectations = [each for each, said in lacking if not said]
    if not expectations:
        return pairs
    batch = (
        context.data_sources.add_pandas(name)
        .add_dataframe_asset("table")
        .add_batch_definition_whole_dataframe("all rows")
        .get_batch({"dataframe": frame})
    )
    suite = gx.ExpectationSuite(
        name, expectations=[_translate(each, number) for number, each in enumerate(expectations)]
    )
    outcome = batch.validate(suite, result_format="SUMMARY")
    # Results come back in an order of their own; each carries its number.
    by_number = {
        int(result.expectation_config.meta["number"]): result for result in outcome.results
    }
    for number, expectation in enumerate(expectations):
        result = by_number.get(number)
        checked = CheckedExpectation(
            expectation=expectation,
            held=bool(result.success) if result is not None else False,
            observed=_observed(result),
            examples=_examples(result),
        )
        pairs.append((expectation, checked))
    return pairs


def _translate(expectation: Expectation, number: int) -> "GXExpectation":
    """Return the expectation as an object of Great Expectations."""
    import great_expectations.expectations as gxe

    about = {} if expectation.column is None else {"column": expectation.column}
    made: GXExpectation = getattr(gxe, expectation.kind)(
        **about,
        **_arguments(expectation),
        severity="critical" if expectation.severity is Severity.REFUSE else "warning",
        meta={"number": number},
    )
    return made


def _lacking(expectation: Expectation, frame: pd.DataFrame) -> str:
    """Say what a table lacks for an expectation to be checked; empty if nothing."""
    # The one about its existence is named alike, but Great Expectations needs no column for it.
    named = [expectation.column] if expectation.column is not None else []
    named += [expectation.parameters[key] for key in _COLUMNS if key in expectation.parameters]
    named += list(expectation.parameters.get("column_list", ()))
    gone = [each for each in named if each not in frame.columns]
    if gone == [expectation.column]:
        return "there is no such column"
    return f"there is no column {', '.join(map(repr, gone))}" if gone else ""


def _is_about_dates(expectation: Expectation) -> bool:
    return expectation.kind in _OF_DATES and any(
        isinstance(expectation.parameters.get(bound), str) for bound in _BOUNDS
    )


def _arguments(expectation: Expectation) -> dict[str, Any]:
    """Return the arguments as Great Expectations wants them: dates where the bounds are dates."""
    arguments = dict(expectation.parameters)
    if _is_about_dates(expectation):
        for bound in _BOUNDS:
            if isinstance(arguments.get(bound), str):
                at = datetime.fromisoformat(arguments[bound])
                arguments[bound] = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    return arguments


def _with_dates(table: pd.DataFrame, names: Collection[str | None]) -> pd.DataFrame:
    """Return the columns as dates without a zone; missing where a cell holds none."""
    return pd.DataFrame(
        {name: read_dates(table[name]) for name in table.columns if name in names},
        index=table.index,
    )


def _observed(result: Any) -> str:
    """Describe in a few words what a result observed."""
    if result is None:
        return "it was not checked"
    error = _exception(result)
    if error:
        return f"it could not be checked: {error}"
    seen = dict(result.result or {})
    if seen.get("details", {}).get("mismatched"):
        wrong = seen["details"]["mismatched"]
        parts = [
            f"{label} {few(wrong[key])}"
            for key, label in (("missing", "missing:"), ("unexpected", "unexpected:"))
            if wrong.get(key)
        ]
        return "; ".join(parts)
    if seen.get("unexpected_count") is not None and seen.get("element_count"):
        count, of = int(seen["unexpected_count"]), int(seen["element_count"])
        return f"{count:,} of {of:,} cells do not" if count else f"all of {of:,} cells"
    observed = seen.get("observed_value")
    if isinstance(observed, list | tuple | set):
        return f"{len(observed):,} values are seen"
    if observed is not None:  # a type, or a number of rows or values
        return f"seen: {short(observed)}"
    return "" if result.success else "it does not"


def _examples(result: Any) -> str:
    """Return a few of the cells that a result observed; empty if none or if all is well."""
    seen = {} if result is None else dict(result.result or {})
    values = seen.get("partial_unexpected_list") if seen.get("unexpected_count") else None
    if values is None and isinstance(seen.get("observed_value"), list | tuple | set):
        values = list(seen["observed_value"])
    named = [value for value in dict.fromkeys(map(short, values or [])) if value != "nan"]
    return ", ".join(named[:SHOWN_VALUES])


def _exception(result: Any) -> str:
    """Return the message of the exception that stopped a check; empty if none did."""
    info = result.exception_info or {}
    nested = [info, *(each for each in info.values() if isinstance(each, dict))]
    for each in nested:
        if each.get("raised_exception"):
            return " ".join(str(each.get("exception_message", "unknown reason")).split())[:200]
    return ""


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with text and categories as plain objects, which every check supports."""
    columns = {
        name: column.astype(object).where(column.notna(), None)
        if isinstance(column.dtype, pd.CategoricalDtype | pd.StringDtype)
        else column
        for name, column in table.items()
    }
    return pd.DataFrame(columns, index=table.index)


def _no_progress_bars(context: Any) -> None:
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context.variables.progress_bars = ProgressBarsConfig(globally=False)
