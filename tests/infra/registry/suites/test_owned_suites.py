"""Suites that people own, in a real registry, and checked by the real Great Expectations."""

import threading

import pandas as pd
import pytest

from espalier.infra.environment import quiet_environment

quiet_environment()

from espalier.infra.registry.registry import resolve  # noqa: E402
from espalier.infra.registry.registry_pages import make_registered_model  # noqa: E402
from espalier.infra.registry.suites.owned_suites import (  # noqa: E402
    change_owned,
    merged_contract,
    present_contract,
    read_owned,
)
from espalier.infra.tracking.tracking import Tracking  # noqa: E402
from espalier.infra.validation.expectations import check_expectations  # noqa: E402
from espalier.pipelines.data.contract import DataContract, infer_contract  # noqa: E402
from espalier.pipelines.data.expectation import Severity  # noqa: E402
from espalier.pipelines.data.owned.suite_file import parse_line  # noqa: E402
from espalier.pipelines.errors import EspalierError, UserError  # noqa: E402


@pytest.fixture(scope="module")
def tracking(stores):
    return Tracking(stores)


@pytest.fixture(scope="module")
def version(tracking, stores, raw_rows, tmp_path_factory):
    """A version whose training left its suite, as trainings do."""
    run_id = tracking.start_run("training")
    contract = infer_contract(raw_rows, target="bought")
    path = tmp_path_factory.mktemp("suite") / "validation.json"
    path.write_text(check_expectations(raw_rows, contract).to_json())
    tracking.log_file(run_id, path, "validation")
    make_registered_model(tracking.client, "owned")
    tracking.client.create_model_version("owned", source=f"runs:/{run_id}/model", run_id=run_id)
    tracking.client.set_registered_model_alias("owned", "champion", "1")
    return resolve("owned", stores)


def state(settings, *lines, severity="error", model="owned"):
    added = [parse_line(line, severity) for line in lines]
    return change_owned(
        settings, model, lambda suite: suite.with_expectations(added), actor="ann@desk"
    )


def test_a_model_that_nobody_owns_has_an_empty_suite(stores, version):
    make_registered_model(Tracking(stores).client, "lone")
    assert not read_owned(stores, "lone").suite
    assert not read_owned(stores, "no such model").suite
    contract = DataContract(())
    assert merged_contract(stores, "no such model", contract) == contract
    with pytest.raises(UserError, match="no model is called 'no such model'"):
        state(stores, "expect_column_to_exist column=a", model="no such model")


def test_what_is_stated_is_kept_with_who_and_when(stores, version, tracking):
    made = state(stores, "expect_column_values_to_be_between column=whole min_value=0")
    found = read_owned(stores, "owned")
    assert found == made
    assert found.actor == "ann@desk"
    assert found.at_ms > 0
    run = tracking.client.get_run(found.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["espalier.model"] == "owned"
    page = tracking.client.download_artifacts(found.run_id, "suite.html")
    with open(page) as file:
        assert "expect_column_values_to_be_between(whole)" in file.read()
    # Saying the same again makes no revision.
    again = state(stores, "expect_column_values_to_be_between column=whole min_value=0")
    assert again.revision == found.revision


def test_two_people_at_once_both_have_their_say(stores, version):
    names = [f"column {number}" for number in range(3)]
    threads = [
        threading.Thread(target=state, args=(stores, f"expect_column_to_exist column='{name}'"))
        for name in names
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    kept = {each.column for each in read_owned(stores, "owned").suite.expectations}
    assert set(names) <= kept
    change_owned(stores, "owned", lambda suite: suite.without(names), actor="ann@desk")
    assert not set(names) & {each.column for each in read_owned(stores, "owned").suite.expectations}


def test_a_new_table_is_held_against_what_is_stated_now(stores, version, raw_rows):
    state(
        stores,
        "expect_table_row_count_to_be_between share_of_last=0.5",
        "expect_column_max_to_be_between column=day at_most_days_old=30",
        "expect_column_values_to_match_regex column=kind regex=^[a-z]+$",
    )
    state(
        stores,
        "expect_column_mean_to_be_between column=whole max_value=1",
        severity="warning",
    )
    contract = present_contract(stores, version)
    report = check_expectations(raw_rows.head(60), contract)
    broken = {each.expectation.key: each for each in report.failures}
    rows = broken["expect_table_row_count_to_be_between"]
    assert rows.severity is Severity.REFUSE
    assert "at least 80" in rows.text
    assert "60" in rows.text
    assert broken["expect_column_max_to_be_between(day)"].severity is Severity.REFUSE
    assert broken["expect_column_mean_to_be_between(whole)"].severity is Severity.WARN
    assert "expect_column_values_to_match_regex(kind)" not in broken
    assert not report.success

    fresh = raw_rows.assign(day=pd.Timestamp.now().normalize().strftime("%d.%m.%Y"))
    report = check_expectations(fresh, contract)
    assert "expect_column_max_to_be_between(day)" not in {
        each.expectation.key for each in report.failures
    }  # dates that are texts are read as the search reads them
    assert report.success


def test_a_suite_that_is_gone_lets_nothing_through_unchecked(stores, version, tracking):
    make_registered_model(tracking.client, "lost")
    made = state(stores, "expect_column_to_exist column=a", model="lost")
    record = tracking.client.get_registered_model("lost").tags["espalier.expectations"]
    tracking.client.set_registered_model_tag(
        "lost", "espalier.expectations", record.replace(made.run_id, "0" * 32)
    )
    with pytest.raises(EspalierError, match="cannot be read"):
        read_owned(stores, "lost")
    change_owned(stores, "lost", lambda suite: suite, actor="ann@desk", anew=True)
    assert not read_owned(stores, "lost").suite
    assert read_owned(stores, "lost").revision == made.revision + 1
