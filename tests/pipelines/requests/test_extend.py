import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.extend import ExtendRequest
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.resources.budget import Budget

ORIGINAL = TrainRequest(
    data="churn.csv",
    target="churned",
    trials=50,
    time_budget="1h",
    families="linear",
    seed=7,
    workers=4,
)


def extended(**values):
    request = ExtendRequest.parse({"model": "churn", **values})
    return request.of(ORIGINAL.model_dump(mode="json"), "abc")


def test_the_budget_is_what_is_added_and_the_rest_stays():
    request = extended(time_budget="10m")
    assert request.budget == Budget(seconds=600.0)
    assert (request.target, request.families, request.seed) == ("churned", ("linear",), 7)
    assert (request.extends, request.workers) == ("abc", None)


def test_it_is_another_run_than_the_one_it_extends():
    assert extended(trials=50, time_budget="1h").essentials != ORIGINAL.essentials
    assert extended(trials=5).essentials == extended(trials=5, workers=2).essentials


def test_trials_are_counted_from_those_that_are_there():
    assert extended(trials=5).budget.beyond(50) == Budget(trials=55)
    assert extended(time_budget="10m").budget.beyond(50) == Budget(seconds=600.0)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"time_budget": "soon"}, "not a duration"),
        ({"trials": 0}, "at least 1"),
        ({"workers": 1, "dask": "tcp://h:1"}, "not both"),
    ],
)
def test_what_cannot_be_is_refused(values, says):
    with pytest.raises(UserError, match=says):
        extended(**values)


def test_an_option_that_is_not_there():
    with pytest.raises(UserError, match="colour"):
        ExtendRequest.parse({"model": "churn", "colour": "red"})
