"""Raw rows are removed when they are old, or when somebody asks for it, from a real MLflow."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from espalier.infra.operations.artifact_removal import remove_rows
from espalier.infra.operations.raw_rows import expire_rows, forget_model
from espalier.infra.runs.store import RunStore
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.artifacts import (
    EXAMPLES_FILE,
    EXPLANATION_FILE,
    REPORT_FILE,
    REPORT_TEXT_FILE,
    ROWS_BEGIN,
    ROWS_END,
    read_json_file,
    read_text_file,
)
from espalier.infra.tracking.reference_table import log_reference, read_reference
from espalier.infra.tracking.tracking import Tracking
from espalier.infra.tracking.training_rows import (
    TrainingRows,
    log_training_rows,
    read_training_rows,
)
from espalier.pipelines.errors import UserError

DAY = 86_400.0
NAME = "Miller-Smith"


@pytest.fixture
def settings(new_settings):
    return new_settings()


@pytest.fixture
def trained(settings, raw_rows):
    """Make what a training leaves: a run with rows and quotations, and a finished run folder."""
    tracking = Tracking(settings)

    def make(model, *, digit="a", alias=None):
        rows = raw_rows.assign(kind=NAME)
        store = RunStore(settings.runs_folder / (digit * 16))
        store.mark_finished({"model": model})
        (store.folder / "table.pkl").write_bytes(NAME.encode())
        run_id = tracking.start_run(
            model,
            tags={run_tags.MODEL: model, run_tags.FOLDER: str(store.folder), run_tags.ROWS: "kept"},
        )
        keys = np.arange(3, dtype=np.uint64)
        log_training_rows(
            tracking,
            run_id,
            TrainingRows(columns=("kind",), trained=keys, held_out=keys, holdout=rows.head()),
        )
        log_reference(tracking, run_id, rows, target="bought", is_classification=True)
        suite = {"expectations": [{"kind": "x", "observed": f"such as {NAME}"}], "success": True}
        tracking.log_json(run_id, suite, "validation/validation.json")
        tracking.log_text(run_id, f"<b>{NAME}</b>", "validation/validation.html")
        tracking.log_json(run_id, {"new_levels": [NAME]}, "drift.json")
        told = f"<p>the report{ROWS_BEGIN}<td>{NAME}</td>{ROWS_END}</p>"
        tracking.log_text(run_id, told + told, REPORT_FILE)
        tracking.log_text(run_id, told, REPORT_TEXT_FILE)
        tracking.log_text(run_id, f"<img alt='{NAME}'>", EXAMPLES_FILE)
        tracking.finish_run(run_id)
        client = tracking.client
        if not client.search_registered_models(f"name = '{model}'"):
            client.create_registered_model(model)
        version = client.create_model_version(model, f"runs:/{run_id}/model", run_id).version
        if alias:
            client.set_registered_model_alias(model, alias, version)
        return run_id, store.folder

    return make


def holding(folder):
    """Return the files below a folder in which the name stands."""
    return [
        path.name
        for path in Path(folder).rglob("*")
        if path.is_file() and NAME.encode() in path.read_bytes()
    ]


def has_rows(settings, run_id):
    kept = read_training_rows(settings, run_id), read_reference(settings, run_id)
    assert (kept[0] is None) == (kept[1] is None)
    return kept[0] is not None


def test_the_explanation_loses_its_worst_rows_and_keeps_the_rest(settings, trained):
    run_id, _ = trained("churn")
    told = {"n_rows": 9, "worst": [{"row": 7, "truth": "x"}]}
    Tracking(settings).log_json(run_id, told, EXPLANATION_FILE)
    remove_rows(settings, run_id)
    assert read_json_file(settings, run_id, EXPLANATION_FILE) == {"n_rows": 9, "worst": []}


def test_forgetting_a_model_leaves_no_cell_of_its_tables(settings, trained):
    run_id, folder = trained("churn", alias="champion")
    other, other_folder = trained("other", digit="b")
    assert holding(settings.home)
    found = forget_model("churn", settings, dry_run=True)
    assert (found.runs, [each.folder for each in found.folders]) == ((run_id,), [folder])
    assert has_rows(settings, run_id)

    assert forget_model("churn", settings).runs == (run_id,)
    assert not has_rows(settings, run_id)
    assert not folder.exists()
    artifacts = settings.home / "artifacts"
    assert not [each for each in artifacts.rglob(f"{run_id}/**/*") if holding(each.parent)]
    suite = read_json_file(settings, run_id, "validation/validation.json")
    assert suite == {"expectations": [{"kind": "x", "observed": ""}], "success": True}
    tags = Tracking(settings).client.get_run(run_id).data.tags
    assert tags[run_tags.ROWS].startswith("removed 2")
    names = {each.path for each in Tracking(settings).client.list_artifacts(run_id)}
    assert names == {"validation", REPORT_FILE, REPORT_TEXT_FILE}
    assert read_text_file(settings, run_id, REPORT_FILE) == 2 * "<p>the report</p>"
    assert read_text_file(settings, run_id, REPORT_TEXT_FILE) == "<p>the report</p>"
    # The model of somebody else is as it was.
    assert has_rows(settings, other)
    assert other_folder.exists()
    # Once more does no harm.
    assert forget_model("churn", settings).runs == (run_id,)


def test_a_model_that_was_never_trained_cannot_be_forgotten(settings):
    for name in ("nobody", "o'neil"):
        with pytest.raises(UserError, match="no "):
            forget_model(name, settings)


def test_a_run_that_is_going_on_is_left_alone(settings):
    tracking = Tracking(settings)
    run_id = tracking.start_run("churn", tags={run_tags.MODEL: "churn"})
    found = forget_model("churn", settings)
    assert (found.runs, found.busy) == ((), ("churn",))
    assert tracking.client.get_run(run_id).info.status == "RUNNING"


def test_rows_without_an_alias_go_by_their_age(settings, trained):
    serving, serving_folder = trained("churn", alias="champion")
    old, old_folder = trained("churn", digit="b")
    now = time.time()
    for folder in (serving_folder, old_folder):
        for path in folder.iterdir():
            os.utime(path, (now, now))
    days = settings.keep_rows_days
    assert expire_rows(settings, now=now + (days - 1) * DAY).runs == ()
    later = now + (days + 1) * DAY
    assert expire_rows(settings.model_copy(update={"keep_rows_days": 0}), now=later).runs == ()
    gone = expire_rows(settings, now=later)
    assert (gone.runs, [each.folder for each in gone.folders]) == ((old,), [old_folder])
    assert not has_rows(settings, old)
    assert has_rows(settings, serving)
    assert serving_folder.exists()
    assert expire_rows(settings, now=later).runs == ()  # it is not looked at again
    # What is no quotation of cells stays.
    assert json.loads((serving_folder / "finished.json").read_text())["model"] == "churn"
