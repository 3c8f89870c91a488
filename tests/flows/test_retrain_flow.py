"""A source that stays, breaks, moves and grows, and what a retraining makes of it."""

import json

import numpy as np
import pandas as pd
import pytest

from espalier.flows.retrain_flow import retrain
from espalier.flows.train_flow import train
from espalier.infra.registry.registry import resolve, versions_of
from espalier.infra.registry.suites.owned_suites import change_owned
from espalier.infra.settings import load_settings
from espalier.infra.tracking.artifacts import read_json_file
from espalier.infra.tracking.store import make_client
from espalier.infra.tracking.tags import ASKED_BY, KIND, OUTCOME
from espalier.infra.tracking.training_rows import read_training_rows
from espalier.pipelines.data.owned.suite_file import parse_line
from espalier.pipelines.errors import DataRefusedError, UserError
from espalier.pipelines.requests.retrain import RetrainRequest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

NAME = "visits"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The file that the model's data are in; tests put new tables there."""
    return tmp_path_factory.mktemp("source") / "visits.csv"


@pytest.fixture(scope="module")
def champion(flow_home, source, visits):
    """The first version, trained on 250 visits."""
    visits(250).to_csv(source, index=False)
    train(
        {
            "data": str(source),
            "target": "bought",
            "name": NAME,
            "trials": 4,
            "workers": 1,
            "families": "linear,lightgbm",
        }
    )
    return resolve(f"{NAME}@champion", load_settings())


def asked(**options):
    return RetrainRequest.parse({"name": NAME, **options})


def history(outcome):
    """Return the runs of retrainings that ended so, the newest first."""
    client = make_client(load_settings())
    experiment = client.get_experiment_by_name("espalier").experiment_id
    return client.search_runs(
        [experiment],
        filter_string=f"tags.`{KIND}` = 'retrain' and tags.`{OUTCOME}` = '{outcome}'",
    )


def n_versions():
    return len(versions_of(NAME, load_settings()))


def test_unchanged_data_stop_it(champion, source, visits):
    visits(250).to_csv(source, index=False)
    report = retrain(asked())
    assert (report.changed, report.version, report.last) == (False, None, 1)
    assert report.fingerprint == champion.tags["fingerprint"]
    assert n_versions() == 1


def test_a_source_is_read_for_whoever_named_it(champion, source, visits, monkeypatch):
    visits(250).to_csv(source, index=False)
    client = make_client(load_settings())
    assert client.get_run(champion.run_id).data.tags[ASKED_BY] == "operator"
    # A form may have a model trained anew on what its operator has named.
    with monkeypatch.context() as patch:
        patch.setenv("PREFECT__FLOW_RUN_ID", "x")
        assert not retrain(asked()).changed
        with pytest.raises(UserError, match="ESPALIER_DATA_ROOTS"):
            retrain(asked(data=str(source)))
    # What a form has named is still a form's when the operator's schedule reads it again.
    client.set_tag(champion.run_id, ASKED_BY, "form")
    try:
        with pytest.raises(UserError, match="ESPALIER_DATA_ROOTS"):
            retrain(asked())
        monkeypatch.setenv("ESPALIER_DATA_ROOTS", str(source.parent))
        assert not retrain(asked()).changed
    finally:
        client.set_tag(champion.run_id, ASKED_BY, "operator")


def test_a_renamed_column_refuses_and_is_named(champion, source, visits):
    visits(300).rename(columns={"price": "cost"}).to_csv(source, index=False)
    with pytest.raises(DataRefusedError, match=r"missing: price"):
        retrain(asked(on_drift="warn"))
    run = history("refused")[0]
    assert run.info.status == "FAILED"
    assert "price" in run.data.tags["error"]
    decision = read_json_file(load_settings(), run.info.run_id, "gate.json")
    assert decision["passed"] is False
    assert n_versions() == 1


def test_numbers_that_became_words_refuse(champion, source, visits):
    visits(300).assign(price=lambda t: "EUR " + t["price"].astype(str)).to_csv(source, index=False)
    with pytest.raises(DataRefusedError, match="'price' has a type among"):
        retrain(asked())


def test_a_source_that_moved_is_refused_if_the_policy_says_so(champion, source, visits):
    grown = pd.concat([visits(250), visits(100, seed=1, dearer=5.0)])
    grown.to_csv(source, index=False)
    with pytest.raises(DataRefusedError, match="'price': stability index"):
        retrain(asked(on_drift="refuse"))
    drift = read_json_file(load_settings(), history("refused")[0].info.run_id, "drift.json")
    moved = next(each for each in drift["columns"] if each["column"] == "price")
    assert drift["n_now"] == 100  # the new rows alone
    assert moved["index"] > 1.0
    assert drift["classifier"]["auc"] > 0.75
    assert n_versions() == 1


def test_a_source_that_moved_is_trained_on_with_a_warning(champion, source, visits):
    grown = pd.concat([visits(250), visits(100, seed=1, dearer=5.0)])
    grown.sample(frac=1.0, random_state=0).to_csv(source, index=False)
    report = retrain(asked(on_drift="warn"))
    settings = load_settings()
    challenger = resolve(f"{NAME}/{report.version}", settings)
    assert any("'price'" in line for line in report.warnings)
    json.dumps(report.to_dict(), default=str)

    # It is linked to what it challenges.
    assert report.training.alias == "challenger"
    assert challenger.tags["compared_with"] == f"{NAME}/1"
    assert challenger.tags["compared_fingerprint"] == champion.tags["fingerprint"]
    assert challenger.tags["fingerprint"] == report.fingerprint != report.last_fingerprint
    run = history("trained")[0]
    assert run.data.tags["espalier.trained"] == f"{NAME}/{report.version}"
    assert run.data.metrics["drift_largest_index"] == pytest.approx(report.drift.largest_index)

    # The winners came first.
    before = read_json_file(settings, champion.run_id, "leaderboard.json")
    after = read_json_file(settings, challenger.run_id, "leaderboard.json")
    members = [row["configuration"] for row in before if row["weight"] > 0]
    first = [row for row in after if row["trial"] < 2]
    assert {row["origin"] for row in first} == {"warm_start"}
    assert all(row["configuration"] in [each["configuration"] for each in before] for row in first)
    assert any(row["configuration"] in members for row in first)
    assert {row["origin"] for row in after} > {"warm_start"}  # and the search went on

    # What was held out is still held out, what was learned is not held out now.
    old, new = (read_training_rows(settings, each.run_id) for each in (champion, challenger))
    assert np.isin(old.held_out, new.held_out).all()
    assert not np.isin(old.trained, new.held_out).any()
    assert len(new.held_out) > len(old.held_out)


def test_the_last_training_counts_not_the_champion(champion, source):
    report = retrain(asked())
    assert (report.changed, report.champion, report.last) == (False, 1, 2)


def test_forced_and_allowed_to_it_promotes_by_its_policy(champion):
    before = read_training_rows(load_settings(), champion.run_id)
    report = retrain(asked(force=True, promote="auto"))
    assert (report.changed, report.fingerprint) == (True, report.last_fingerprint)
    promotion = report.promotion
    assert promotion.challenger == report.version == 3
    assert promotion.outcome in ("promoted", "kept")
    serves = resolve(f"{NAME}@champion", load_settings()).version
    assert serves == promotion.champion == (3 if promotion.promoted else 1)
    # Compared on rows that neither was trained on: the hold-out that was kept at least.
    assert len(before.held_out) <= promotion.numbers["n_rows"]


def test_a_challenger_that_nobody_decided_about_is_up_again_on_unchanged_data(champion):
    client = make_client(load_settings())
    assert retrain(asked(promote="auto")).promotion is None  # the last one was decided about
    # As a run leaves it that was killed before it compared, or while it asked.
    client.set_registered_model_alias(NAME, "challenger", "2")
    assert retrain(asked()).promotion is None
    report = retrain(asked(promote="auto"))
    assert (report.changed, report.version, n_versions()) == (False, None, 3)
    assert report.promotion.challenger == 2
    assert report.promotion.outcome in ("promoted", "kept")
    assert retrain(asked(promote="auto")).promotion is None


def test_an_unknown_model_is_one_line(flow_home, champion):
    with pytest.raises(UserError, match="no model is called 'visit'; there is visits"):
        retrain(RetrainRequest(name="visit"))


def test_the_parameters_are_a_described_form():
    from prefect.utilities.callables import parameter_schema

    fields = parameter_schema(retrain).model_dump()["definitions"]["RetrainRequest"]["properties"]
    assert set(fields["on_drift"]["enum"]) == {"warn", "refuse"}
    assert all(field["description"] for field in fields.values())


def test_what_people_state_refuses_a_table_that_the_model_would_take(champion, source, visits):
    def change(*lines):
        added = [parse_line(line, "error") for line in lines]
        return change_owned(
            load_settings(), NAME, lambda suite: suite.with_expectations(added), actor="ann"
        )

    settings = load_settings()
    change("expect_table_row_count_to_be_between share_of_last=0.8")
    try:
        visits(120).to_csv(source, index=False)
        with pytest.raises(DataRefusedError, match="number of rows is at least"):
            retrain(asked())
        newest = make_client(settings).search_runs(
            [make_client(settings).get_experiment_by_name("espalier").experiment_id],
            filter_string=f"tags.`{KIND}` = 'retrain'",
            max_results=1,
        )[0]
        names = {
            each.path
            for each in make_client(settings).list_artifacts(newest.info.run_id, "validation")
        }
        assert "validation/champion_suite.html" in names
    finally:
        change_owned(
            settings,
            NAME,
            lambda suite: suite.without(["expect_table_row_count_to_be_between"]),
            actor="ann",
        )
