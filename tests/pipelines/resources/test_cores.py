import multiprocessing

import pytest

from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.resources import cores
from espalier.pipelines.resources.cores import TABLE_COPIES, Division, divide, own_cores
from espalier.pipelines.resources.memory import machine_memory


@pytest.fixture
def four_cores(monkeypatch):
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    monkeypatch.setattr(cores, "container_cores", lambda: None)


@pytest.mark.usefixtures("four_cores")
def test_all_cores_are_used_unless_told():
    assert TrainingSettings().cores == TrainingSettings(n_jobs=-1).cores == 4
    assert TrainingSettings(n_jobs=-2).cores == 3
    assert TrainingSettings(n_jobs=1).cores == 1
    assert TrainingSettings(n_jobs=-9).cores == 1


@pytest.mark.usefixtures("four_cores")
def test_a_container_may_have_less_than_the_machine(monkeypatch, tmp_path):
    monkeypatch.undo()
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(cores, "_QUOTA", quota)
    for text, expected in (("150000 100000\n", 2), ("max 100000\n", None), ("50000 100000\n", 1)):
        quota.write_text(text)
        assert cores.container_cores() == expected
    quota.unlink()
    old, period = tmp_path / "quota", tmp_path / "period"
    monkeypatch.setattr(cores, "_OLD_QUOTA", old)
    monkeypatch.setattr(cores, "_OLD_PERIOD", period)
    assert cores.container_cores() is None
    period.write_text("100000\n")
    for text, expected in (("300000\n", 3), ("-1\n", None)):
        old.write_text(text)
        assert cores.container_cores() == expected


@pytest.mark.usefixtures("four_cores")
def test_a_worker_of_joblib_takes_its_share_only(monkeypatch):
    process = multiprocessing.current_process()
    monkeypatch.setattr(process, "_name", "LokyProcess-3")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert own_cores() == 2
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert own_cores() == 1
    assert TrainingSettings(n_jobs=-1).cores == 4  # that was said


@pytest.mark.usefixtures("four_cores")
def test_a_daemon_takes_one_core(monkeypatch):
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    assert own_cores() == 1


@pytest.mark.usefixtures("four_cores")
def test_each_core_is_a_worker_of_one_thread():
    assert divide(4, 10**6) == Division(4, 1)
    assert divide(3, 10**6) == Division(3, 1)
    assert divide(8, 10**6) == Division(8, 1)


@pytest.mark.usefixtures("four_cores")
def test_a_very_large_table_has_fewer_workers_with_more_threads():
    large = machine_memory() // (3 * TABLE_COPIES)  # two of them fit into the workers' share
    assert divide(4, large) == Division(2, 2)
    assert divide(4, 100 * large) == Division(1, 4)
    assert divide(4, large, with_threads=False) == Division(2, 1)


@pytest.mark.usefixtures("four_cores")
def test_workers_times_threads_are_never_more_than_the_cores():
    for cores_given in range(1, 7):
        for part in (1, 5, 10, 20, 40):
            found = divide(cores_given, machine_memory() // (part * TABLE_COPIES))
            assert found.threads == 1 or found.workers * found.threads <= min(cores_given, 4)
            assert found.workers <= cores_given
