import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.retrain import RetrainRequest, source_variable
from espalier.pipelines.requests.train import TrainRequest

LAST = TrainRequest(
    data="sqlite:///shop.db", query="select * from c", target="y", trials=30, workers=2, name="c"
).model_dump(mode="json")


def applied(asked=None, last=LAST, source=None):
    request = RetrainRequest.parse({"name": "churn", **(asked or {})})
    return request.applied_to(last, source=source, start_from=("churn/1",))


def test_data_are_read_anew_after_an_extension_too():
    assert applied(last={**LAST, "extends": "abc"}).extends is None


def test_what_is_not_said_is_as_it_was():
    training = applied()
    assert training == TrainRequest(
        data="sqlite:///shop.db",
        query="select * from c",
        target="y",
        trials=30,
        workers=2,
        name="churn",
        start_from=("churn/1",),
    )


def test_a_limit_that_is_given_replaces_both():
    training = applied({"time_budget": "2m"})
    assert (training.time_budget, training.trials) == ("2m", None)
    assert applied({"trials": 5}).trials == 5


def test_a_query_stays_with_its_kind_of_source():
    assert applied({"data": "sqlite:///other.db"}).query == "select * from c"
    assert applied({"data": "sqlite:///other.db", "query": "select 1"}).query == "select 1"
    assert applied({"data": "shop.csv"}).query is None


def test_own_workers_replace_a_scheduler():
    last = LAST | {"workers": None, "dask": "tcp://10.0.0.1:8786"}
    assert applied(last=last).dask == "tcp://10.0.0.1:8786"
    training = applied({"workers": 1}, last=last)
    assert (training.workers, training.dask) == (1, None)


def test_a_password_must_be_given_again():
    url = "postgresql://app:secret@db/shop"
    last = TrainRequest(data=url, query="select 1", target="y").model_dump(mode="json")
    with pytest.raises(UserError, match="ESPALIER_DATA_CHURN") as refused:
        applied(last=last)
    assert "secret" not in str(refused.value)
    assert applied(last=last, source=url).data == url
    assert applied({"data": url}, last=last).query == "select 1"


def test_a_password_is_not_stored():
    request = RetrainRequest(name="churn", data="postgresql://app:secret@db/shop")
    assert "secret" not in request.model_dump_json()


def test_limits_and_preferences_stay_until_others_are_given():
    last = LAST | {"objectives": ["score", "size"], "prefer": "small", "max_size_mb": 2.0}
    kept = applied(last=last)
    assert (kept.objectives, kept.prefer, kept.max_size_mb) == (("score", "size"), "small", 2.0)
    other = applied({"prefer": "balanced", "max_operations": 500}, last=last)
    assert (other.prefer, other.max_operations, other.max_size_mb) == ("balanced", 500, 2.0)


def test_a_record_of_another_version_is_understood():
    assert applied(last=LAST | {"gone": 1}).target == "y"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": ""}, "name"),
        ({"name": "a", "on_drift": "panic"}, "on-drift"),
        ({"name": "a", "time_budget": "soon"}, "not a duration"),
        ({"name": "a", "trials": 0}, "trials"),
        ({"name": "a", "prefer": "tiny"}, "unknown preference 'tiny'"),
        ({"name": "a", "objectives": "size"}, "score must be among"),
        ({"name": "a", "max_size_mb": -1}, "limit on size"),
    ],
)
def test_what_cannot_be_is_refused(values, said):
    with pytest.raises(UserError, match=said):
        RetrainRequest.parse(values)


def test_every_field_of_the_form_is_described():
    schema = RetrainRequest.model_json_schema()["properties"]
    assert all(field["title"] and field["description"] for field in schema.values())
    assert schema["promote"]["enum"] == ["auto", "approve", "never"]


def test_a_variable_is_named_after_the_model():
    assert source_variable("my churn-2.1") == "ESPALIER_DATA_MY_CHURN_2_1"
