"""Standard JSON: numpy scalars become plain numbers, NaN and infinities become null."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def to_json(record: Any, *, indent: int | None = 2) -> str:
    """Return ``record`` as standard JSON text."""
    return json.dumps(_plain(record), indent=indent, allow_nan=False, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, Path):
        return str(value)
    return value
