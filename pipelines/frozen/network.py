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
from espalier.pipelines.resources.cores import own_cores

Vectors = NDArray[np.float32]


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
    """Return an ``onnxruntime`` session of a file, loaded once a process.

    It uses the cores that this process may use (`own_cores`).
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = own_cores()
    options.inter_op_num_threads = 1
    # Idle threads must not spin: the cores belong to trials as soon as the features are there.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@lru_cache(maxsize=16)
def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits, computed once a process."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
