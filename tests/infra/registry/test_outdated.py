"""Versions of Espalier 0.1 are refused in one line, or answer by the code they brought along."""

import pytest

from espalier.infra.registry.model_files import OutdatedModelError, load, require_openable
from espalier.infra.registry.registry import register_version, resolve
from espalier.infra.registry.scoring import score_rows
from espalier.infra.tracking.tracking import Tracking
from espalier.tasks.promotion.find_candidates import find_candidates
from tests.old_model import register_old

SAYS = r"model old one/\d was saved by Espalier 0\.1.*espalier retrain 'old one', or espalier train"


@pytest.fixture(scope="module")
def tracking(new_settings):
    return Tracking(new_settings())


@pytest.fixture(scope="module")
def version(tracking, tmp_path_factory):
    register_old(tracking, "old one", tmp_path_factory.mktemp("old"), alias="champion")
    return resolve("old one", tracking.settings)


def test_it_is_not_opened_in_this_process(version, tracking):
    with pytest.raises(OutdatedModelError, match=SAYS) as caught:
        load(version, tracking.settings)
    assert "\n" not in str(caught.value)


def test_its_own_code_answers_in_a_process_of_its_own(version, tracking, raw_rows):
    """So a challenger made by this version can be compared with it."""
    assert (score_rows(version, raw_rows, tracking.settings).scores == 7.0).all()


def test_without_its_own_code_it_is_refused_too(tracking, raw_rows, tmp_path):
    register_old(tracking, "old one", tmp_path, alias="bare", own_code=False)
    version = resolve("old one@bare", tracking.settings)
    with pytest.raises(OutdatedModelError, match=SAYS):
        score_rows(version, raw_rows, tracking.settings)


def test_it_does_not_become_champion(version, tracking, tmp_path):
    with pytest.raises(OutdatedModelError, match=SAYS):  # it serves, and is alone
        find_candidates.fn("old one", tracking.settings)
    register_old(tracking, "old one", tmp_path, alias="challenger")
    with pytest.raises(OutdatedModelError, match=SAYS):
        find_candidates.fn("old one", tracking.settings)


def test_others_are_openable(tracking, saved_model, raw_rows):
    run_id = tracking.start_run("training")
    made = register_version(
        tracking, name="new", run_id=run_id, folder=saved_model, example=raw_rows
    )
    require_openable(made, tracking.settings)
