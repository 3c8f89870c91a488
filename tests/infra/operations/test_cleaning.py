import os
import time

from espalier.infra.operations.cleaning import clean_run_folders, tidy_up
from espalier.infra.runs.notes import MLFLOW_RUN
from espalier.infra.runs.retention import ABANDONED_DAYS
from espalier.infra.runs.store import RunStore
from espalier.infra.tracking.tracking import Tracking
from tests.contracts.outcomes import success


def test_a_run_that_was_given_up_does_not_stay_running(new_settings):
    settings = new_settings()
    run_id = Tracking(settings).start_run("churn")
    store = RunStore(settings.runs_folder / ("a" * 16))
    store.append(success(0))
    store.note(MLFLOW_RUN, run_id)
    assert clean_run_folders(settings, keep=1, dry_run=False) == ()
    long_ago = time.time() - (ABANDONED_DAYS + 1) * 86_400
    for path in (store.folder, *store.folder.rglob("*")):
        os.utime(path, (long_ago, long_ago))
    assert [each.folder for each in clean_run_folders(settings, keep=1, dry_run=True)] == [
        store.folder
    ]
    assert store.folder.exists()
    tidy_up(settings, "churn")
    assert not store.folder.exists()
    run = Tracking(settings).client.get_run(run_id)
    assert (run.info.status, run.data.tags["error"]) == (
        "KILLED",
        "interrupted, and never continued",
    )


def test_nothing_is_tidied_when_the_setting_says_so(new_settings):
    settings = new_settings().model_copy(update={"keep_runs": 0})
    for digit in "ab":
        RunStore(settings.runs_folder / (digit * 16)).mark_finished({"model": "churn"})
    tidy_up(settings, "churn")
    assert len(list(settings.runs_folder.iterdir())) == 2
    assert len(clean_run_folders(settings, keep=1, dry_run=False)) == 1
