import psutil
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.resources.memory import (
    machine_memory,
    memory_bytes,
    worker_memory,
    workers_within,
)


def test_workers_share_the_machine():
    assert 0 < machine_memory() <= psutil.virtual_memory().total
    assert worker_memory(None, 4) == pytest.approx(0.2 * machine_memory(), rel=0.01)
    assert worker_memory("1GiB", 4) == 2**30


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
