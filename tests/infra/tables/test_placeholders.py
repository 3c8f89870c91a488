import pytest

from espalier.infra.tables.placeholders import fill_in, placeholders
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
