"""What the operator wrote into the file of schedules, on record for the runs that it starts.

Whoever reaches Prefect's API can start a scheduled deployment with other parameters, or change its
parameters. So it is not a deployment, a tag or a schedule that makes a run the operator's, but its
request: it must be one of those in the file. `espalier serve` writes their digests into the home
folder, and names that record to its runs in their environment, which Prefect's API cannot change.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from espalier.infra.runs.seals import seal_key
from espalier.infra.settings import Settings

_VARIABLE = "ESPALIER__DECLARED"
_FOLDER = "serving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a file of schedules asks for.

    Attributes
    ----------
    names : frozenset of str
        Environment variables that its sources name.
    digests : frozenset of str
        Digests of its requests; see `digest`.
    """

    names: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()


def digest(flow: str, request: BaseModel, settings: Settings) -> str:
    """Return a digest of a flow's request, keyed by the home folder's secret.

    Equal requests have equal digests, however they were written. The key is for what may stand in
    a request: nobody can try passwords against the record.
    """
    content = json.dumps([flow, request.model_dump(mode="python")], sort_keys=True, default=str)
    return hmac.new(seal_key(settings.home), content.encode(), hashlib.sha256).hexdigest()


def declare(requests: Iterable[str], names: Iterable[str], settings: Settings) -> Path:
    """Put the digests of requests, and names of variables, on record for this process's children.

    The file is rewritten by the next process with the same number; it holds no secrets.
    """
    folder = settings.home / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"declared-{os.getpid()}.json"
    path.write_text(json.dumps({"names": sorted(set(names)), "digests": sorted(set(requests))}))
    os.environ[_VARIABLE] = str(path)
    return path


def declaration() -> Declaration:
    """Return what is on record for this process; an empty one if nothing is."""
    try:
        record = json.loads(Path(os.environ[_VARIABLE]).read_text())
        return Declaration(names=frozenset(record["names"]), digests=frozenset(record["digests"]))
    except (OSError, KeyError, TypeError, ValueError):
        return Declaration()
