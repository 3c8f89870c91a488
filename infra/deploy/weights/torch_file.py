"""Read the tensors of a PyTorch checkpoint without PyTorch, and without running what it says.

A checkpoint is a pickle, and a pickle can call any function. This reader knows three names, which
only build dictionaries and views of numbers, and refuses every other one.
"""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of files written before PyTorch 1.6, which are no zip archives.
_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
}


class _View:
    """A tensor that is still to be read: which storage it views, and how."""

    def __init__(self, storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> None:
        self.storage, self.offset = storage, offset
        self.size, self.stride = tuple(size), tuple(stride)


class _Storage:
    """A kind of storage, such as ``FloatStorage``."""

    def __init__(self, name: str) -> None:
        self.dtype = _DTYPES[name]


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return one of the known names; raise an UnpicklingError for any other."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _View
        if module == "torch" and name in _DTYPES:
            return _Storage(name)
        raise pickle.UnpicklingError(f"a checkpoint of tensors does not need {module}.{name}")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype[Any]]:
        """Return the key and the dtype of a storage, whose numbers stand further on."""
        kind, storage, key, *_ = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown kind of content: {kind!r}")
        return str(key), storage.dtype


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Return the tensors of a checkpoint by their names.

    Parameters
    ----------
    path : Path
        A state dictionary in the format of PyTorch before 1.6.

    Raises
    ------
    UnpicklingError
        It is no such file, or asks for more than tensors.
    """
    with path.open("rb") as file:
        if _Reader(file).load() != _MAGIC:
            raise pickle.UnpicklingError(f"{path} is no checkpoint of the older format")
        _Reader(file).load()  # the version of the format
        _Reader(file).load()  # the machine it was written on
        views: dict[str, _View] = _Reader(file).load()
        dtypes = dict(view.storage for view in views.values())
        storages: dict[str, NDArray[Any]] = {}
        for key in _Reader(file).load():
            (count,) = np.fromfile(file, dtype="<i8", count=1)
            storages[key] = np.fromfile(file, dtype=dtypes[key], count=int(count))
    return {name: _tensor(view, storages[view.storage[0]]) for name, view in views.items()}


def _tensor(view: _View, numbers: NDArray[Any]) -> NDArray[Any]:
    steps = tuple(step * numbers.itemsize for step in view.stride)
    strided = np.lib.stride_tricks.as_strided(numbers[view.offset :], view.size, steps)
    return np.ascontiguousarray(strided)
