"""The lock really holds between processes, and dies with its holder."""

import subprocess
import sys
import threading
import time

import pytest

from espalier.infra.processes.model_lock import one_at_a_time
from espalier.infra.settings import Settings
from espalier.pipelines.errors import UserError


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


HOLDER = """
import sys, time
from pathlib import Path
from espalier.infra.processes.model_lock import one_at_a_time
from espalier.infra.settings import Settings
with one_at_a_time("churn", Settings(home=Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_another_process_waits_and_says_for_whom(settings, holder):
    told = []
    with (
        pytest.raises(UserError, match=rf"'churn' by process {holder.pid} is still going on"),
        one_at_a_time("churn", settings, wait_seconds=0.05, on_wait=told.append),
    ):
        raise AssertionError("both have it")
    assert told == [f"waiting for the retraining of 'churn' by process {holder.pid}"]


def test_other_models_and_other_works_do_not_wait(settings, holder):
    with (
        one_at_a_time("other", settings, wait_seconds=0),
        one_at_a_time("churn", settings, work="scoring", wait_seconds=0),
    ):
        pass


def test_a_killed_holder_frees_it(settings, holder):
    holder.kill()
    holder.wait()
    with one_at_a_time("churn", settings, wait_seconds=0):
        pass


def test_threads_of_one_process_take_turns(settings):
    inside, most = [], []

    def work():
        with one_at_a_time("churn", settings):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.05)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == [1, 1, 1]


def test_it_is_free_again_after_an_error(settings):
    with pytest.raises(RuntimeError), one_at_a_time("churn", settings):
        raise RuntimeError
    with one_at_a_time("churn", settings, wait_seconds=0):
        pass
