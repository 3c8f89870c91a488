"""The gate on real Great Expectations: what holds, what is refused, what is only said."""

import json

import numpy as np
import pandas as pd
import pytest

from espalier.infra.environment import quiet_environment

quiet_environment()

from espalier.infra.validation.expectations import SAMPLE_ROWS, check_expectations  # noqa: E402
from espalier.infra.validation.page import render  # noqa: E402
from espalier.pipelines.cell_display import cells_hidden  # noqa: E402
from espalier.pipelines.data.contract import infer_contract  # noqa: E402
from espalier.pipelines.data.expectation import KINDS, Expectation, Severity  # noqa: E402
from espalier.pipelines.data.target import infer_problem  # noqa: E402


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 300
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "income": rng.normal(3e4, 5e3, n),
            "city": rng.choice(["Ulm", "Bonn", "Kiel"], n),
            "<script>alert(1)</script>": pd.Categorical(rng.choice(["a", "b"], n)),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "churned": rng.choice(["yes", "no"], n),
        }
    )


def test_a_table_keeps_the_contract_inferred_from_it(table: pd.DataFrame) -> None:
    report = check_expectations(table, infer_contract(table, target="churned"))
    assert report.failures == ()
    assert report.success
    assert report.n_sampled == len(table)


def test_a_missing_column_refuses_and_is_named(table: pd.DataFrame) -> None:
    contract = infer_contract(table, target="churned")
    report = check_expectations(table.drop(columns="income"), contract)
    assert not report.success
    assert report.failures[0].severity is Severity.REFUSE
    assert "income" in report.failures[0].text


def test_new_categories_nulls_and_ranges_only_warn(table: pd.DataFrame) -> None:
    contract = infer_contract(table, target="churned")
    changed = table.copy()
    changed.loc[:200, "city"] = "Oslo"
    changed.loc[:100, "income"] = np.nan
    changed["age"] = changed["age"] + 1_000
    report = check_expectations(changed, contract)
    assert report.success
    broken = " ".join(each.text for each in report.failures)
    assert {each.severity for each in report.failures} == {Severity.WARN}
    assert all(name in broken for name in ("city", "Oslo", "income", "age"))


def test_the_page_escapes_what_comes_from_the_data(table: pd.DataFrame) -> None:
    changed = table.copy()
    changed["city"] = "<img src=x onerror=alert(2)>"
    page = render(check_expectations(changed, infer_contract(table, target="churned")))
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_json_names_every_expectation(table: pd.DataFrame) -> None:
    contract = infer_contract(table, target="churned")
    record = json.loads(check_expectations(table, contract).to_json())
    assert record["success"] is True
    assert len(record["expectations"]) == len(contract.expectations)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_class_of_great_expectations(kind: str) -> None:
    import great_expectations.expectations as gxe

    assert hasattr(gxe, kind)


def test_long_tables_are_sampled_but_counted_whole() -> None:
    from espalier.pipelines.data.contract import DataContract

    n = SAMPLE_ROWS + 1_000
    long = pd.DataFrame({"a": np.arange(n), "y": np.arange(n) % 2})
    contract = DataContract(
        (
            Expectation("ExpectTableRowCountToBeBetween", None, Severity.REFUSE, {"min_value": n}),
            Expectation("ExpectColumnValuesToBeUnique", "a", Severity.WARN),
            Expectation("ExpectColumnValuesToNotBeNull", "a", Severity.WARN),
        )
    )
    report = check_expectations(long, contract)
    assert report.failures == ()
    assert report.n_sampled == SAMPLE_ROWS


def test_a_flow_tells_of_no_cell_and_the_page_does(table: pd.DataFrame) -> None:
    problem = infer_problem(table["churned"], "auto")
    contract = infer_contract(table, target="churned", problem=problem)
    strange = table.assign(city="Miller-Smith", age=977)
    report = check_expectations(strange, contract)
    told = "\n".join(each.text for each in report.failures)
    assert "such as Miller-Smith" in told
    assert "Kiel" in told
    with cells_hidden():
        told = "\n".join(each.text for each in report.failures)
    assert "'city' are among the 3 known values; 300 of 300 cells do not" in told
    assert "'age' are in the range that is known" in told
    for cell in ("Miller-Smith", "Kiel", "977"):
        assert cell not in told
        assert cell in render(report)
