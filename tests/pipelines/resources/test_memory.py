from types import SimpleNamespace

import psutil
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.resources import memory
from espalier.pipelines.resources.memory import (
    beside_this_process,
    machine_memory,
    memory_bytes,
    worker_memory,
    workers_within,
)

GIB = 2**30


def test_workers_share_the_machine():
    assert 0 < machine_memory() <= psutil.virtual_memory().total
    assert worker_memory(None, 4) == pytest.approx(0.2 * machine_memory(), rel=0.01)
    assert worker_memory("1GiB", 4) == 2**30


def test_workers_have_less_beside_a_process_that_holds_a_large_table(monkeypatch):
    total = 16 * GIB
    monkeypatch.setattr(memory, "machine_memory", lambda: total)
    share = int(0.8 * total / 2)

    def beside(own: float) -> int:
        held = SimpleNamespace(memory_info=lambda: SimpleNamespace(rss=int(own * GIB)))
        monkeypatch.setattr(memory.psutil, "Process", lambda: held)
        return beside_this_process(share, 2)

    assert beside(2.0) == share  # it fits into what workers leave
    assert beside(6.0) == pytest.approx(share - (6.0 - 0.15 * 16) * GIB / 2, abs=2)
    assert 2 * beside(6.0) + 6 * GIB <= 0.95 * total + 2
    assert beside(15.0) == share // 2  # whatever happens, trials can begin
    assert worker_memory(None, 2) == share  # trials of this process count what it holds themselves


def test_a_large_limit_leaves_room_for_fewer_workers():
    half = f"{machine_memory() // 2}b"
    assert workers_within(None, 4) == 4
    assert workers_within("1MiB", 4) == 4
    assert workers_within(half, 4) == 1
    assert workers_within("900TiB", 4) == 1  # one always runs


@pytest.mark.parametrize("text", ["lots", "", "-1", "0", "4 apples"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(UserError):
        memory_bytes(text)
