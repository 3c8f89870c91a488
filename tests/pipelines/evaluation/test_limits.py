import subprocess
import sys
import threading
import time

import pytest
from threadpoolctl import threadpool_info

from espalier.pipelines.evaluation.limits import (
    TrialInterruptedError,
    interrupt_after,
    limit_threads,
)


def loop(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)


def test_a_loop_is_interrupted():
    ended = []

    def work():
        loop(30.0)
        ended.append(True)

    with pytest.raises(TrialInterruptedError), interrupt_after(0.1):
        work()
    assert not ended


def test_an_interruption_is_not_swallowed_as_an_exception():
    def careless():
        try:
            loop(30.0)
        except Exception:
            loop(30.0)

    with pytest.raises(TrialInterruptedError), interrupt_after(0.1):
        careless()


def test_nothing_is_interrupted_after_the_block_or_without_a_limit():
    with interrupt_after(0.15):
        pass
    with interrupt_after(None):
        loop(0.3)


def test_it_works_in_any_thread():
    seen = []

    def work():
        try:
            with interrupt_after(0.1):
                loop(30.0)
        except TrialInterruptedError:
            seen.append(threading.current_thread().name)

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    thread.join()
    assert seen == ["worker"]


def test_native_threads_are_held_and_given_back():
    before = [pool["num_threads"] for pool in threadpool_info()]
    with limit_threads(1):
        assert {pool["num_threads"] for pool in threadpool_info()} <= {1}
    assert [pool["num_threads"] for pool in threadpool_info()] == before


def test_a_child_process_is_silent_down_to_its_file_descriptors():
    code = (
        "import multiprocessing, os, sys, warnings\n"
        "from espalier.pipelines.evaluation.limits import quiet_output\n"
        "def child():\n"
        "    with quiet_output():\n"
        "        os.write(1, b'native out'); os.write(2, b'native err')\n"
        "        print('python out'); warnings.warn('python err')\n"
        "    print('afterwards', flush=True)\n"
        "if __name__ == '__main__':\n"
        "    process = multiprocessing.get_context('fork').Process(target=child)\n"
        "    process.start(); process.join()\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert shown.stdout == "afterwards\n"
    assert shown.stderr == ""
