import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.policy import PromotionPolicy
from espalier.pipelines.requests.promote import PromoteRequest, RollbackRequest


def test_a_name_is_enough():
    assert PromoteRequest(name="churn").promotion_policy == PromotionPolicy()


def test_what_a_form_sends_empty_is_none():
    asked = PromoteRequest(
        name="churn", slices="region, age", slice_limit="", max_latency_ms="", data=" ", actor=""
    )
    assert asked.slices == ("region", "age")
    assert (asked.slice_limit, asked.max_latency_ms, asked.data, asked.actor) == (None,) * 4


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "churn@champion"}, "name alone"),
        ({"policy": "maybe"}, "policy 'maybe'"),
        ({"confidence": 1.5}, "confidence"),
        ({"slice_limit": 0.1}, "needs slices"),
        ({"query": "select 1"}, "needs data"),
        ({"max_size_mb": -1}, "max-size-mb"),
        ({"margn": 1}, "no option 'margn'"),
    ],
)
def test_faults_are_one_line(changes, said):
    with pytest.raises(UserError, match=said):
        PromoteRequest.parse({"name": "churn", **changes})


def test_no_password_is_kept():
    asked = PromoteRequest(name="churn", data="postgresql://me:secret@host/db", query="select 1")
    assert "secret" not in asked.model_dump_json()


@pytest.mark.parametrize("kind", [PromoteRequest, RollbackRequest])
def test_every_field_is_described_for_the_form(kind):
    fields = kind.model_json_schema()["properties"]
    assert all(field.get("title") and field.get("description") for field in fields.values())
