"""Infer a suite of expectations from the table, and check it with Great Expectations.

What people state for the model (`espalier expectations`) is checked with it, in place of what was
inferred of the same.
"""

from espalier.infra.registry.suites.owned_suites import merged_contract
from espalier.infra.store_errors import disk_errors
from espalier.infra.validation.expectations import check_expectations
from espalier.infra.validation.page import render
from espalier.pipelines.errors import DataRefusedError
from espalier.pipelines.pages.markdown import escape_markdown
from espalier.pipelines.serialization.to_disk import keep_on_disk
from espalier.tasks.artifacts import publish_markdown
from espalier.tasks.data.series.rows_to_check import contract_of, rows_to_check
from espalier.tasks.pickles import read_pickle
from espalier.tasks.policies import MINUTES, kept_task
from espalier.tasks.records import TrainingRun, ValidationRecord

REFUSE = "refuse"


@kept_task(
    name="validate",
    description="Check the table against the expectations inferred from it.",
    tags=["espalier", "data"],
    timeout_seconds=30 * MINUTES,
)
def validate_table(run: TrainingRun) -> ValidationRecord:
    """Check the table, or its series; write suite and result into the run folder.

    Raises
    ------
    DataRefusedError
        An expectation of severity *refuse* does not hold.
    """
    request, folder = run.request, run.folder
    rows = rows_to_check(request, read_pickle(run.table.path))
    contract = merged_contract(
        run.tracking.settings, request.model_name, contract_of(request, rows)
    )
    report = check_expectations(rows, contract)

    json_path, html_path = folder / "validation.json", folder / "validation.html"
    json_path.write_text(report.to_json())
    html_path.write_text(render(report))
    contract_path = folder / "contract.json"
    contract_path.write_text(contract.to_json())
    with disk_errors(folder):
        keep_on_disk(json_path, html_path, contract_path)
    record = ValidationRecord(
        n_expectations=len(contract.expectations),
        failures=tuple((str(each.severity), each.text) for each in report.failures),
        json_path=json_path,
        html_path=html_path,
    )
    publish_markdown("validation", _markdown(record), "Expectations on the training table")
    refused = [text for severity, text in record.failures if severity == REFUSE]
    if refused:
        more = f" (and {len(refused) - 1} more, see {html_path})" if len(refused) > 1 else ""
        raise DataRefusedError(f"{request.shown_data} is refused: {refused[0]}{more}")
    return record


def _markdown(record: ValidationRecord) -> str:
    held = record.n_expectations - len(record.failures)
    lines = [f"**{held} of {record.n_expectations} expectations hold.**", ""]
    if record.failures:
        lines += ["| severity | does not hold |", "| --- | --- |"]
        lines += [f"| {severity} | {escape_markdown(text)} |" for severity, text in record.failures]
    return "\n".join(lines)
