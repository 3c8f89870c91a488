"""Checkpoints are read without PyTorch, and nothing in them is run."""

import pickle
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

TOOLS = Path(__file__).parents[3] / "infra" / "deploy" / "weights"


@pytest.fixture
def torch_file(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    import torch_file

    yield torch_file
    sys.modules.pop("torch_file", None)


def _checkpoint(path, state: bytes, keys, storages):
    with path.open("wb") as file:
        for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(value, file, protocol=2)
        file.write(state)
        pickle.dump(keys, file, protocol=2)
        for numbers in storages:
            file.write(np.int64(len(numbers)).tobytes() + numbers.tobytes())


def _state(storage=b"ctorch\nFloatStorage\n", rebuild=b"ctorch._utils\n_rebuild_tensor_v2\n"):
    """Return the pickle of {'w': tensor of shape (2, 3) that views a storage called k}."""
    persistent = b"((U\x07storage" + storage + b"U\x01kU\x03cpuK\x06NtQ"
    arguments = b"(" + persistent[1:] + b"K\x00(K\x02K\x03t(K\x03K\x01t\x89Nt"
    return b"\x80\x02}U\x01w" + rebuild + arguments + b"Rs."


def test_tensors_come_back_as_arrays(torch_file, tmp_path):
    path = tmp_path / "weights.pth"
    numbers = np.arange(6, dtype="<f4")
    _checkpoint(path, _state(), ["k"], [numbers])
    found = torch_file.read_tensors(path)
    np.testing.assert_array_equal(found["w"], numbers.reshape(2, 3))


@pytest.mark.parametrize("name", [b"cos\nsystem\n", b"cbuiltins\neval\n", b"ctorch\nload\n"])
def test_a_checkpoint_calls_nothing(torch_file, tmp_path, name):
    path = tmp_path / "weights.pth"
    _checkpoint(path, _state(rebuild=name), ["k"], [np.zeros(6, "<f4")])
    with pytest.raises(pickle.UnpicklingError, match="does not need"):
        torch_file.read_tensors(path)


def test_another_file_is_refused(torch_file, tmp_path):
    path = tmp_path / "other.pth"
    path.write_bytes(pickle.dumps(OrderedDict(a=1)))
    with pytest.raises(pickle.UnpicklingError, match="no checkpoint"):
        torch_file.read_tensors(path)
