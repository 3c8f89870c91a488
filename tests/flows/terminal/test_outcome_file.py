"""The file of ``--json`` where nothing came of a command."""

import json

import pytest

from espalier.flows.terminal.outcome_file import failures_in
from espalier.pipelines.errors import UserError


@pytest.mark.parametrize(
    ("error", "outcome"), [(UserError("no\nsuch  column"), "refused"), (OSError("x"), "failed")]
)
def test_the_reason_is_in_the_file_and_raised_on(tmp_path, error, outcome):
    path = tmp_path / "out.json"
    with pytest.raises(type(error)), failures_in(path, "churn"):
        raise error
    reason = " ".join(str(error).split())
    assert json.loads(path.read_text()) == {
        "model": "churn",
        "outcome": outcome,
        "reasons": [reason],
    }


def test_what_succeeds_writes_its_own(tmp_path):
    path = tmp_path / "out.json"
    with failures_in(path, "churn"):
        path.write_text("mine")
    assert path.read_text() == "mine"


def test_without_a_file_or_its_folder_the_error_is_the_same(tmp_path):
    for path in (None, tmp_path / "nowhere" / "out.json"):
        with pytest.raises(UserError, match="wrong"), failures_in(path, "churn"):
            raise UserError("wrong")


def test_a_source_with_a_password_is_redacted(tmp_path):
    path = tmp_path / "out.json"
    with pytest.raises(UserError), failures_in(path, "churn"):
        raise UserError("postgresql://me:secret@host/db does not answer")
    assert "secret" not in path.read_text()
