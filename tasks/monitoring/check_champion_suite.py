"""Check a new table against the suite of the champion's training table."""

from dataclasses import dataclass
from pathlib import Path

from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.registry.suites.owned_suites import present_contract
from espalier.infra.settings import Settings
from espalier.infra.validation.expectations import check_expectations
from espalier.infra.validation.page import render
from espalier.pipelines.lifecycle.retraining.gate import BrokenExpectation
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.series.rows_to_check import rows_to_check
from espalier.tasks.pickles import read_pickle
from espalier.tasks.policies import MINUTES, retried_task
from espalier.tasks.records import TableRef


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteCheck:
    """Result of checking a table against a suite.

    Attributes
    ----------
    n_expectations : int
        Number of expectations checked; 0 if the training left no suite.
    broken : tuple of BrokenExpectation
        The expectations that do not hold.
    pages : tuple of Path
        The results as JSON and as a page, to be published with the retraining; none without a
        suite.
    """

    n_expectations: int
    broken: tuple[BrokenExpectation, ...]
    pages: tuple[Path, ...]


@retried_task(
    name="check champion suite",
    description="Check the table against the champion's suite with Great Expectations.",
    tags=["espalier", "data"],
    timeout_seconds=30 * MINUTES,
)
def check_champion_suite(
    table: TableRef, request: TrainRequest, champion: RegisteredVersion, settings: Settings
) -> SuiteCheck:
    """Check the table against the champion's suite; the result is also written to its folder.

    What people state for the model counts as it is now, not as it was when the champion was
    trained.
    """
    contract = present_contract(settings, champion)
    if contract is None:
        return SuiteCheck(n_expectations=0, broken=(), pages=())
    rows = rows_to_check(request, read_pickle(table.path))
    report = check_expectations(rows, contract)
    pages = (table.folder / "champion_suite.json", table.folder / "champion_suite.html")
    pages[0].write_text(report.to_json())
    pages[1].write_text(render(report))
    return SuiteCheck(
        n_expectations=len(contract.expectations),
        broken=tuple(
            BrokenExpectation(
                kind=each.expectation.kind,
                column=each.expectation.column,
                severity=each.severity,
                text=each.text,
                owned=each.expectation.owned,
            )
            for each in report.failures
            # A missing column is already reported by the expectation about the set of names.
            if each.expectation.owned
            or each.expectation.column is None
            or each.expectation.column in rows.columns
        ),
        pages=pages,
    )
