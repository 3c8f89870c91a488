"""What people state replaces what is inferred, keeps its severity, and is taken back whole."""

from datetime import UTC, datetime

import pytest

from espalier.pipelines.data.contract import DataContract
from espalier.pipelines.data.expectation import Expectation, Severity
from espalier.pipelines.data.owned.suite import OwnedSuite, pinned, resolve
from espalier.pipelines.data.owned.suite_file import from_yaml, parse_line, to_yaml
from espalier.pipelines.errors import UserError

AGE = Expectation(
    "ExpectColumnValuesToBeBetween", "age", Severity.WARN, {"min_value": 17.0, "max_value": 93.0}
)
NULLS = Expectation("ExpectColumnValuesToNotBeNull", "age", Severity.WARN, {"mostly": 0.9})
ROWS = Expectation("ExpectTableRowCountToBeBetween", None, Severity.REFUSE, {"min_value": 20})
INFERRED = DataContract((ROWS, NULLS, AGE), ("far",))


def stated(line: str, severity: str = "error") -> OwnedSuite:
    return OwnedSuite().with_expectations([parse_line(line, severity)])


def test_what_is_stated_replaces_what_is_inferred_of_the_same() -> None:
    suite = stated("expect_column_values_to_be_between column=age min_value=0 max_value=120")
    merged = suite.merged(INFERRED)
    assert [each.key for each in merged.expectations] == [
        each.key for each in INFERRED.expectations
    ]
    assert merged.expectations[2].severity is Severity.REFUSE
    assert dict(merged.expectations[2].parameters) == {"min_value": 0, "max_value": 120}
    assert merged.columns_unchecked == ("far",)


def test_what_is_stated_of_something_else_comes_after() -> None:
    suite = stated("expect_column_pair_values_a_to_be_greater_than_b column_A=to column_B=since")
    assert suite.merged(INFERRED).expectations[-1].parameters["column_A"] == "to"
    assert suite.merged(INFERRED).expectations[-1].key.endswith("(to, since)")


def test_silenced_ones_are_not_checked_and_stating_one_ends_that() -> None:
    suite = OwnedSuite().silencing([NULLS.key])
    assert suite.merged(INFERRED).expectations == (ROWS, AGE)
    again = suite.with_expectations(pinned(INFERRED, ["age"]))
    assert NULLS.key in [each.key for each in again.merged(INFERRED).expectations]


def test_what_was_stated_once_does_not_outlive_its_withdrawal() -> None:
    suite = stated("expect_column_values_to_match_regex column=mail regex=.+@.+")
    left = DataContract.from_json(suite.merged(INFERRED).to_json())  # as a training keeps it
    assert len(left.expectations) == 4
    assert suite.without(["mail"]).merged(left).expectations == INFERRED.expectations
    with pytest.raises(UserError, match="nobody has stated 'mial'"):
        suite.without(["mial"])


def test_what_is_pinned_does_not_follow_the_data() -> None:
    suite = OwnedSuite().with_expectations(pinned(INFERRED, ["age"]))
    moved = DataContract(
        (ROWS, NULLS, Expectation(AGE.kind, "age", Severity.WARN, {"min_value": 400.0}))
    )
    assert suite.merged(moved).expectations[2].parameters == AGE.parameters
    with pytest.raises(UserError, match="nothing about 'agee'"):
        pinned(INFERRED, ["agee"])


def test_bounds_of_the_day_and_of_the_last_training() -> None:
    suite = stated("expect_table_row_count_to_be_between share_of_last=0.5").with_expectations(
        [parse_line("expect_column_max_to_be_between column=day at_most_days_old=7", "warning")]
    )
    assert suite.is_relative
    now = datetime(2026, 3, 8, 12, tzinfo=UTC)
    rows, *_, newest = resolve(suite.merged(INFERRED), rows_before=301, now=now).expectations
    assert rows.parameters == {"min_value": 150}
    assert newest.parameters == {"min_value": "2026-03-01T12:00:00"}
    # The first training has no last one.
    first = resolve(suite.merged(INFERRED), rows_before=None, now=now)
    assert ROWS.key not in [each.key for each in first.expectations]


def test_the_file_says_the_same() -> None:
    suite = OwnedSuite(
        (
            parse_line("expect_column_values_to_be_in_set column=plan value_set='[a, b]'", "error"),
            parse_line("expect_column_max_to_be_between column=d min_value=2024-01-05", "warning"),
            parse_line("expect_compound_columns_to_be_unique column_list='[a, b]'", "error", "key"),
        ),
        (NULLS.key,),
    )
    assert from_yaml(to_yaml(suite, "churn")) == suite
    assert from_yaml(to_yaml(OwnedSuite(), "churn")) == OwnedSuite()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "expectations: [{expect: expect_nothing}]",
            "expectation 1: 'expect_nothing' is not known",
        ),
        ("expectations: [{column: a}]", "expectation 1: .*`expect`"),
        ("expectations: [{expect: expect_column_to_exist}]", "needs an argument `column`"),
        (
            "expectations: [{expect: expect_column_to_exist, column: a, mostly: 1}]",
            "has no argument 'mostly'",
        ),
        (
            "expectations: [{expect: expect_column_mean_to_be_between, column: a}]",
            "needs a bound",
        ),
        (
            "expectations: [{expect: expect_column_to_exist, column: a, severity: fatal}]",
            "error or warning",
        ),
        (
            "expectations: [{expect: expect_column_to_exist, column: a}, "
            "{expect: expect_column_to_exist, column: a}]",
            "twice",
        ),
        ("a: [", "not YAML"),
        ("[1, 2]", "nothing else"),
    ],
)
def test_a_wrong_file_is_refused_in_a_line(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        from_yaml(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "expect_column_mean_to_be_between age",
        "expect_column_values_to_be_in_set column=a value_set=3",
        "expect_column_values_to_not_be_null column=a mostly=7",
        "expect_column_mean_to_be_between column='a",
    ],
)
def test_a_wrong_line_is_refused(line: str) -> None:
    with pytest.raises(UserError):
        parse_line(line, "error")
