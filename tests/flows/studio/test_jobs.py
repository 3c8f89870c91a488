"""Jobs: the commands that are started, what is known of them, and how they end."""

import json
import os
import shlex
import time

import pytest

from espalier.flows.progress.progress_file import ProgressFile
from espalier.flows.studio.jobs import commands
from espalier.flows.studio.jobs.job import OUTCOME, OUTPUT, Job, JobState
from espalier.flows.studio.jobs.runner import Command, JobRunner
from espalier.flows.studio.tables.entries import TableEntry
from espalier.flows.studio.web.work_view import spoken, work_view
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.train import TrainRequest

TABLE = TableEntry(id="1796024713-01d359ef", name="a.csv", source="/home/tables/a.csv")
ADDRESS = TableEntry(
    id="1796024713-01d359ef",
    name="db",
    source="postgresql://reader:${ESPALIER_SECRET_PW}@db/shop",
    query="select * from t",
    is_upload=False,
)


@pytest.fixture
def runner(tmp_path):
    return JobRunner(folder=tmp_path / "jobs", home=tmp_path)


def ended(runner, job):
    """Wait until a job has ended; return it."""
    while not (now := runner.get(job.record.id)).state.has_ended:
        time.sleep(0.1)
    return now


def test_a_training_is_the_command_that_one_would_type():
    request = TrainRequest.parse(
        {
            "data": TABLE.source,
            "target": "-x, y",
            "name": "my model",
            "time_budget": "1m",
            "exclude": ("a,b", 'c"d', "e"),
            "families": ("linear",),
            "interpretable": True,
        }
    )
    command = commands.train(request, TABLE)
    assert command.arguments == (
        "train",
        "/home/tables/a.csv",
        "--target=-x, y",
        "--name=my model",
        "--time-budget=1m",
        "--families=linear",
        '--exclude="a,b","c""d",e',
        "--interpretable",
    )
    exclude = command.arguments[6].partition("=")[2]
    assert TrainRequest.parse({"data": "x", "target": "y", "exclude": exclude}).exclude == (
        "a,b",
        'c"d',
        "e",
    )
    assert not command.is_form


def test_what_was_named_on_the_page_is_read_as_a_forms():
    request = TrainRequest.parse(
        {"data": ADDRESS.source, "query": ADDRESS.query, "target": "y", "name": "m"}
    )
    assert commands.train(request, ADDRESS).is_form
    assert commands.predict("m/1", ADDRESS, proba=True, interval=None, id_column=None).is_form
    assert commands.monitor("m", ADDRESS).is_form
    assert commands.retrain("m", ADDRESS, None, force=False).is_form


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (commands.extend("m", "10m"), "train m --extend 10m"),
        (
            commands.promote("m", policy="approve", actor="Ada", comment="it's fine"),
            'promote m --policy approve --actor=Ada --yes "--comment=it\'s fine"',
        ),
        (commands.promote("m", policy="never", actor="A"), "promote m --policy never --actor=A"),
        (commands.retrain("m", None, "5m", force=True), "retrain m --time-budget 5m --force"),
        (commands.monitor("m", TABLE), f"monitor m --data {TABLE.source} --no-retrain"),
        (commands.monitor("m", None), "monitor m --requests --no-retrain"),
        (
            commands.predict("m/2", TABLE, proba=False, interval=0.9, id_column="id"),
            "predict a.csv --model m/2 --out {folder}/predictions.csv --interval 0.9 "
            "--id-column=id",
        ),
        (commands.endpoint("m", 8080), "endpoint m --host 127.0.0.1 --port 8080"),
    ],
)
def test_each_page_starts_a_command_of_the_shell(command, line):
    assert list(command.arguments) == shlex.split(line)


def test_every_command_is_understood_by_the_command_line():
    """Each line is parsed by the real commands, up to the point where they would begin."""
    import typer

    from espalier.flows.cli.app import app

    known = typer.main.get_command(app).commands
    request = TrainRequest.parse({"data": "a.csv", "target": "y", "name": "m", "folds": 3})
    for command in (
        commands.train(request, TABLE),
        commands.extend("m", "10m"),
        commands.promote("m", policy="approve", actor="A", comment="c"),
        commands.retrain("m", TABLE, "5m", force=True),
        commands.monitor("m", ADDRESS),
        commands.monitor("m", None),
        commands.endpoint("m", 8080),
        commands.predict("m/2", TABLE, proba=True, interval=None, id_column="id"),
    ):
        name, *rest = command.arguments
        rest += ["--json", "out.json"] if command.has_outcome else []
        context = known[name].make_context(name, rest)
        assert context.params


def test_a_refused_command_says_why_and_can_be_tried_again(runner, tmp_path):
    command = Command(
        kind="train", title="Train", arguments=("train", "nothing.csv", "--target=y"), model="m"
    )
    job = ended(runner, runner.start(command, actor="Ada"))
    assert job.state is JobState.REFUSED
    assert "does not exist" in job.reasons[0]
    assert job.record.actor == "Ada"
    again = JobRunner(folder=runner.folder, home=tmp_path).get(job.record.id)  # a new studio
    assert again.state is JobState.REFUSED
    view = work_view(again)
    assert view.command == "espalier train nothing.csv --target=y"
    assert view.reasons == job.reasons
    repeated = ended(runner, runner.again(job))
    assert repeated.record == job.record
    runner.remove(repeated)
    assert runner.all() == ()


@pytest.fixture
def sleeping(runner, monkeypatch):
    """A job whose process only sleeps."""
    command = Command(kind="train", title="Sleep", arguments=(), model="m", has_outcome=False)
    monkeypatch.setattr("espalier.flows.studio.jobs.runner.program", lambda: ["/bin/sleep", "1000"])
    job = runner.start(command, actor="Ada")
    yield job
    runner.stop(job)
    ended(runner, job)


def test_a_job_runs_on_without_its_studio_and_can_be_stopped_by_the_next(runner, sleeping):
    assert sleeping.state is JobState.RUNNING
    assert os.getsid(sleeping.process.pid) == sleeping.process.pid  # Ctrl-C does not reach it
    other = JobRunner(folder=runner.folder, home=runner.home)
    found = other.get(sleeping.record.id)
    assert found.state is JobState.RUNNING
    with pytest.raises(UserError, match="stop it first"):
        other.remove(found)
    with pytest.raises(UserError, match="nothing to continue"):
        other.again(found)
    assert not found.is_told_to_stop
    other.stop(found)
    assert found.is_told_to_stop
    assert ended(runner, found).state is JobState.STOPPED


def test_a_job_whose_process_is_gone_without_a_word_has_failed(runner, sleeping):
    os.kill(sleeping.process.pid, 9)
    job = ended(runner, sleeping)
    assert job.state is JobState.FAILED
    assert "memory" in job.reasons[0]


def test_the_page_says_how_far_a_training_is(runner, sleeping, progress_of):
    now = [time.time()]
    file = ProgressFile(sleeping.progress_path, "Sleep", clock=lambda: now[0])
    assert work_view(sleeping).phase == "Starting: server and workers"
    file.phase("search")
    file.searched(progress_of(n_trials=12, score=0.91, seconds_left=40.0))
    view = work_view(sleeping)
    assert view.phase == "Searching for models"
    assert view.can_finish
    assert 0 <= view.seconds_left <= 40
    assert spoken(view) == "Searching for models: more than 10 trials, best roc_auc 0.91"
    runner.finish(sleeping)
    view = work_view(sleeping)
    assert view.finishes_early
    assert not view.can_finish


def test_the_outcome_of_a_training_is_read_from_its_json(tmp_path, runner):
    command = Command(kind="retrain", title="Retrain", arguments=("--version",), model="m")
    job = ended(runner, runner.start(command, actor="Ada"))
    report = {"model": "m", "version": 2, "holdout_score": 0.9}
    (job.folder / OUTCOME).write_text(json.dumps({"training": report, "outcome": "trained"}))
    found = Job.read(job.folder)
    assert found.state is JobState.DONE
    assert work_view(found).training == report


def test_a_prediction_is_done_once_its_file_is_there(runner):
    command = Command(
        kind="predict",
        title="Predict",
        arguments=("--version",),
        model="m",
        result="predictions.csv",
        has_outcome=False,
    )
    job = ended(runner, runner.start(command, actor="Ada"))
    assert job.state is JobState.FAILED
    (job.folder / "predictions.csv").write_text("prediction\n1\n")
    (job.folder / OUTPUT).write_text("warning: a new category\n2 rows\n")
    found = Job.read(job.folder)
    assert found.state is JobState.DONE
    assert found.warnings == ("a new category",)


@pytest.mark.parametrize("key", ["..", "1796024713-01d359ef/../..", "", "x", "1796024713-01D359EF"])
def test_no_other_folder_is_taken_for_a_job(runner, key):
    with pytest.raises(KeyError):
        runner.get(key)
