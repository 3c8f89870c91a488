import pytest

from espalier.infra.access.origin import Origin, asked_by
from espalier.infra.tables.placeholders import fill_in, needs_blocks, placeholders
from espalier.pipelines.errors import UserError

VALUES = {"USER": "ann", "PASSWORD": "a:b@c/d", "PLACE": "in/2026"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("churn.csv", "churn.csv"),
        ("${PLACE}/churn.csv", "in/2026/churn.csv"),
        ("postgresql://${USER}:${PASSWORD}@db/x", "postgresql://ann:a%3Ab%40c%2Fd@db/x"),
        ("https://host/${PLACE}.csv", "https://host/in/2026.csv"),
        ("$HOME/{PLACE}/$PLACE.csv", "$HOME/{PLACE}/$PLACE.csv"),
    ],
)
def test_names_in_braces_are_filled_in(text, filled):
    assert fill_in(text, VALUES) == filled


def test_each_name_once():
    assert placeholders("${A}:${B}@${A}") == ("A", "B")


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(UserError, match="'NOBODY' is not set"):
        fill_in("${NOBODY}", VALUES)


def test_blocks_are_no_variables():
    assert placeholders("pg://${A}:${block:secret/shop}@h/x") == ("A",)
    assert needs_blocks("pg://${A}:${block:secret/shop}@h/x")
    assert needs_blocks(" block:secret/shop ")
    assert not needs_blocks("${A}/block:secret/shop.csv")
    assert not needs_blocks("block:slack-webhook/alerts")


def test_a_form_has_only_the_variables_that_are_meant_for_it(monkeypatch):
    values = VALUES | {"ESPALIER_SECRET_X": "for forms"}
    with asked_by(Origin(is_form=True, names=frozenset({"USER"}))):
        assert fill_in("${USER} ${ESPALIER_SECRET_X}", values) == "ann for forms"
        for name in ("PASSWORD", "NOBODY"):  # not even whether it is set
            with pytest.raises(UserError, match=f"'{name}' is not read for a form"):
                fill_in(f"${{{name}}}", values)


def test_a_value_that_is_a_placeholder_is_not_filled_in_again():
    assert fill_in("${A}", {"A": "${PASSWORD}", "PASSWORD": "x"}) == "${PASSWORD}"
