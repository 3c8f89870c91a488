"""Frozen networks: trained by others, never fitted here, so the same for every row and fold."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError

Vector = NDArray[np.float16]
"""How vectors are kept, also in memory: features are small numbers, and half the size counts."""


class FrozenNetwork(Protocol):
    """Turns contents (files of pictures, texts) into vectors of one length."""

    @property
    def identity(self) -> str:
        """A name that changes whenever the same content would get another vector."""
        ...

    def embed(self, contents: Sequence[Any]) -> "list[NDArray[np.float32] | str]":
        """Return for each content its vector, or why it has none."""
        ...


def has_runtime() -> bool:
    """Whether ``onnxruntime`` is installed."""
    return find_spec("onnxruntime") is not None


def need_package(package: str, extra: str, purpose: str) -> None:
    """Raise a `UserError` that says what to install if a package is missing."""
    if find_spec(package) is None:
        raise UserError(
            f"{purpose} needs the package {package!r}, which is not installed; "
            f"install it with: pip install 'espalier[{extra}]'"
        )


@lru_cache(maxsize=4)
def open_session(path: Path) -> Any:
    """Return the session of a file (`new_session`), loaded once a process."""
    return new_session(str(path))


def new_session(model: str | bytes) -> Any:
    """Return an ``onnxruntime`` session of a file by its path, or of its content.

    It computes in the calling thread. Callers run batches in threads of their own: where others
    use the machine too, two threads that share each operation wait for one another most of the
    time, and two that have a batch each take half as long.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@lru_cache(maxsize=16)
def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits, computed once a process."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
