"""The workers of a training: what is left of them after it, and what is said about them."""

import time
from dataclasses import replace

import pytest
from distributed import LocalCluster

from espalier.infra.cluster import training_workers, worker_job
from espalier.infra.cluster.training_workers import NO_FOLD_MODELS, TrainingWorkers
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.infra.tracking.tags import CORES
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.resources.memory import MIB, SOFT_SHARE, worker_memory
from espalier.pipelines.serialization.sealed_files import new_key
from tests.contracts.acting_learner import acting_context, acting_trial
from tests.contracts.executor_suite import PATIENCE

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster


@pytest.fixture
def request_(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("x,y\n1,a\n2,b\n")
    return TrainRequest(data=str(table), target="y", trials=3)


@pytest.fixture
def workers(cluster, request_, tmp_path):
    made = TrainingWorkers(
        request_.model_copy(update={"dask": cluster.scheduler_address}), Settings(home=tmp_path)
    )
    yield made
    made.close()


def test_closing_stops_the_trial_that_still_runs_on_somebody_elses_worker(
    cluster, workers, tmp_path
):
    executor = workers.open_executor(acting_context(), RunStore(tmp_path / "run"))
    executor.submit(acting_trial(0, "sleep", 600.0))
    (worker,) = cluster.workers.values()
    end = time.monotonic() + PATIENCE
    while getattr(worker, worker_job._JOB, None) is None and time.monotonic() < end:
        executor._pool.step(0.1, Deadline(None))
    assert getattr(worker, worker_job._JOB) is not None
    workers.close()
    workers.close()
    while getattr(worker, worker_job._JOB) is not None and time.monotonic() < end:
        time.sleep(0.05)
    assert getattr(worker, worker_job._JOB) is None


@pytest.mark.parametrize("there", [True, False])
def test_where_workers_keep_no_fold_models_it_is_said_once(workers, tmp_path, there):
    folder = tmp_path / "folds"
    if there:
        folder.mkdir()
    context = replace(acting_context(), fold_models=FoldModels(folder, new_key()))
    workers.open_executor(context, RunStore(tmp_path / "run"))
    assert workers.opening_lines == (() if there else (NO_FOLD_MODELS,))


def test_a_training_with_workers_of_its_own_has_a_claim_until_it_is_closed(request_, tmp_path):
    settings = Settings(home=tmp_path, workers=1)
    workers = TrainingWorkers(request_, settings)
    (file,) = (tmp_path / "hosts").glob("*.json")
    try:
        assert workers.n_workers == 1
        assert float(workers.tags[CORES]) > 0
        assert '"mark"' in file.read_text()
    finally:
        workers.close()
    assert file.read_text() == "[]"


def test_a_scheduler_without_a_worker_is_waited_for_no_longer_than_the_run_may_take(
    request_, tmp_path, monkeypatch
):
    monkeypatch.setattr("espalier.infra.cluster.cluster.Cluster._start", lambda self: None)
    request = request_.model_copy(update={"dask": "tcp://127.0.0.1:1"})
    timed = TrainRequest(data=request.data, target="y", time_budget="1m", dask="tcp://127.0.0.1:1")
    for each, patience in ((request, 1800.0), (timed, 60.0)):
        workers = TrainingWorkers(each, Settings(home=tmp_path))
        assert workers._patience == patience
        workers.close()


@pytest.mark.parametrize(("limit", "part"), [(None, 0.5), ("2GiB", 1.0)])
def test_trials_leave_room_for_what_this_process_holds(
    request_, tmp_path, monkeypatch, limit, part
):
    monkeypatch.setattr(training_workers, "beside_this_process", lambda share, _: share // 2)
    asked = request_.model_copy(update={"workers": 1, "memory_limit": limit})
    made = TrainingWorkers(asked, Settings(home=tmp_path))
    try:
        whole = SOFT_SHARE * worker_memory(limit, 1) / MIB
        assert made.memory_limit_mb == pytest.approx(part * whole, rel=0.01)
    finally:
        made.close()
