"""Pages made from a hostile table show it and do nothing else."""

from espalier.infra.validation.expectations import check_expectations
from espalier.infra.validation.page import render
from espalier.pipelines.data.contract import infer_contract
from espalier.pipelines.problem import ProblemKind
from tests.security.conftest import SCRIPT, TARGET
from tests.security.page_reader import PageReader

ALLOWED = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "h1",
    "h2",
    "p",
    "div",
    "b",
    "span",
    "table",
    "tr",
    "td",
    "th",
}


def test_the_validation_page_holds_no_element_of_the_data(hostile_table):
    contract = infer_contract(hostile_table, target=TARGET, problem=ProblemKind.BINARY)
    drifted = hostile_table.assign(**{"../../x": f"new {SCRIPT}", SCRIPT: 1e9}).drop(
        columns="{{7*7}}"
    )
    report = check_expectations(drifted, contract)
    assert report.failures
    page = PageReader(render(report))
    assert page.tags <= ALLOWED
    assert page.attributes <= {"class", "charset", "content", "name", "lang"}
    assert SCRIPT in page.text
    assert f"Column {SCRIPT}" in page.text


def test_every_column_was_really_checked(hostile_table):
    contract = infer_contract(hostile_table, target=TARGET, problem=ProblemKind.BINARY)
    report = check_expectations(hostile_table, contract)
    assert report.success
    assert not [each.observed for each in report.checked if "could not" in each.observed]
    named = {each.column for each in contract.expectations}
    assert {SCRIPT, TARGET, "$HOME", "../../x"} <= named
