import re
from pathlib import Path

import pytest

from espalier.infra.orchestration.schedules import Schedule, read_schedules
from espalier.pipelines.errors import UserError

EXAMPLE = Path(__file__).parents[3] / "infra" / "deploy" / "schedules.yaml"
SECRETS = {"SHOP_PASSWORD": "secret"}


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "schedules.yaml"
        path.write_text(text)
        return path

    return write


def test_the_file_as_it_comes_schedules_nothing():
    assert read_schedules(EXAMPLE, {}) == ()


def test_its_examples_are_read_and_keep_their_secrets_as_names(written):
    # What is to be taken off is the sign right before an entry or two blanks.
    path = written(
        re.sub(r"^#(?=- |  \S|    \S)", "", EXAMPLE.read_text().split("you want.")[1], flags=re.M)
    )
    first, second, third, fourth = read_schedules(path, SECRETS)
    assert first.parameters == {
        "name": "churn",
        "data": "postgresql://espalier:${SHOP_PASSWORD}@db.example.com/shop",
        "query": "select * from customers where signed_up < current_date - 90",
        "time_budget": "30m",
        "promote": "approve",
    }
    assert (first.cron, first.time_zone, first.flow) == ("0 4 1 * *", "Europe/Paris", "retrain")
    assert (second.model, second.time_zone, second.promotion) == ("tumours", "UTC", "auto")
    assert third.parameters == {
        "model": "churn",
        "data": "/data/new-customers/*.csv",
        "out": "/out/churn.parquet",
        "id_column": "customer",
        "proba": True,
    }
    assert "`0 4 1 * *` (Europe/Paris)" in first.in_words
    assert (fourth.flow, fourth.name, fourth.parameters) == ("learn", "experience", {})


def test_an_empty_file_schedules_nothing(written):
    assert read_schedules(written("# nothing yet\n")) == ()


GOOD = "- model: a\n  cron: '0 4 * * *'\n"

WRONG = {
    "no cron": ("- model: a\n", r":1: cron is missing"),
    "second entry": (GOOD + "- cron: '0 4 * * *'\n", r":3: model is missing"),
    "a typo": (GOOD + "  crn: x\n", r":1: there is no option 'crn'"),
    "bad cron": ("- model: a\n  cron: at noon\n", r":1: cron 'at noon' is not understood"),
    "bad zone": (GOOD + "  time_zone: Mars/Base\n", r":1: time zone 'Mars/Base' is unknown"),
    "bad budget": (GOOD + "  budget: long\n", r":1: time budget 'long' is not a duration"),
    "bad promotion": (GOOD + "  promotion: maybe\n", r":1: promotion 'maybe' cannot be used"),
    "bad flow": (GOOD + "  flow: dance\n", r":1: flow 'dance' cannot be used"),
    "twice": (GOOD + GOOD, r":3: retrain of 'a' is scheduled already in .*:1"),
    "no variable": (GOOD + "  data: ${NO_SUCH}/x.csv\n", r":1: .*'NO_SUCH' is not set"),
    "no list": ("model: a\n", "must be a list"),
    "no fields": ("- churn\n", r":1: an entry must have named fields"),
    "no yaml": ("- model: a\n  cron: [1\n", r":3 is no YAML"),
    "own field": (GOOD + "  where: here\n", r":1: there is no option 'where'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_faults_name_file_and_line(written, case):
    text, expected = WRONG[case]
    with pytest.raises(UserError, match=rf"schedules\.yaml{expected}|{expected}") as caught:
        read_schedules(written(text), {})
    assert "\n" not in str(caught.value)
    assert "schedules.yaml" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match=r"'.*no\.yaml' cannot be read"):
        read_schedules(tmp_path / "no.yaml")


def test_one_model_may_be_retrained_and_scored_with(written):
    path = written(GOOD + GOOD + "  flow: predict\n")
    assert [each.flow for each in read_schedules(path)] == ["retrain", "predict"]
    assert Schedule(model="a", cron="@daily").parameters == {"name": "a"}
