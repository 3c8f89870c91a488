"""What the owner of a shared lock writes of itself, and where."""

import json
import time
from hashlib import blake2b
from typing import Any

from espalier.infra.processes.identity import ProcessIdentity

_FOLDER = ".locks"


def object_of(name: str) -> str:
    """Return the path of a lock's object."""
    return f"{_FOLDER}/{blake2b(name.encode(), digest_size=12).hexdigest()}.json"


def lock_content(token: str) -> bytes:
    """Return what the owner with this token writes: who it is, and when."""
    record = ProcessIdentity.mine().to_dict() | {"token": token, "at": time.time()}
    return json.dumps(record).encode()


def lock_record(content: bytes) -> dict[str, Any]:
    """Return what an owner wrote; empty where it is no record."""
    try:
        record = json.loads(content)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def owner_in_words(record: dict[str, Any]) -> str:
    """Return an owner as messages name it."""
    return f"process {record.get('pid', '?')} on {record.get('host', '?')}"
