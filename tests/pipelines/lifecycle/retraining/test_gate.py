import pytest

from espalier.pipelines.data.expectation import Severity
from espalier.pipelines.lifecycle.retraining.gate import BrokenExpectation, decide_gate

RENAMED = BrokenExpectation("ExpectTableColumnsToMatchSet", None, Severity.REFUSE, "no 'age'")
WORDS = BrokenExpectation("ExpectColumnValuesToBeInTypeList", "age", Severity.WARN, "age is text")
HIGH = BrokenExpectation("ExpectColumnValuesToBeBetween", "age", Severity.WARN, "age is high")
SHORT = BrokenExpectation("ExpectTableRowCountToBeBetween", None, Severity.REFUSE, "few rows")


@pytest.mark.parametrize("policy", ["warn", "refuse"])
def test_a_broken_schema_refuses_whatever_the_policy(policy):
    for broken in (RENAMED, WORDS, SHORT):
        decision = decide_gate([broken], [], policy)
        assert not decision.passed
        assert decision.refusals == (broken.text,)


def test_a_moved_distribution_follows_the_policy():
    warned = decide_gate([HIGH], ["'price' moved"], "warn")
    assert warned.passed
    assert warned.warnings == ("age is high", "'price' moved")
    refused = decide_gate([HIGH], ["'price' moved"], "refuse")
    assert refused.refusals == ("age is high", "'price' moved")
    assert refused.to_dict()["passed"] is False


def test_a_table_like_the_last_one_passes():
    assert decide_gate([], [], "refuse").passed
