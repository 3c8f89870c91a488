"""A lock in the registry itself: whoever shares the registry shares the lock.

MLflow writes aliases and tags without looking at what is there, so they can hold no lock. Names of
registered models are unique, though, and making one is atomic in every store: the lock of a model
is a registered model of a reserved name that lives for the seconds of a switch and says whose it
is.

A lock whose owner is a dead process of this machine is taken over at once, any other one when it
has been watched, unchanged, for longer than an owner may hold it. The owner counts, too, and stops
before that.
"""

import json
import logging
import time
import uuid
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.registry.registry import LOCK_PREFIX
from espalier.pipelines.errors import EspalierError

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LOG = logging.getLogger(__name__)

HELD_SECONDS = 120.0
STALE_SECONDS = 150.0
_POLL_SECONDS = 0.2
_OWNER_TAG = "espalier.lock.owner"


class LockLostError(EspalierError):
    """The lock was held for too long, or somebody took it over."""


class RegistryLock:
    """The right to move a model's aliases, for the seconds of a block.

    Parameters
    ----------
    client : MlflowClient
        On the registry.
    model : str
        The registered model.
    patience : float
        Seconds to wait for another owner.
    """

    def __init__(self, client: "MlflowClient", model: str, *, patience: float = 240.0) -> None:
        self._client = client
        self._model = model
        self._name = LOCK_PREFIX + model
        self._patience = patience
        self._mine = ""
        self._since = 0.0

    def acquire(self) -> None:
        """Take the lock, waiting for who has it.

        Raises
        ------
        EspalierError
            Another owner did not let go in time.
        """
        deadline = time.monotonic() + self._patience
        seen, seen_at = "", time.monotonic()
        while not self._create():
            owner = self._read()
            if owner != seen:
                seen, seen_at = owner, time.monotonic()
            if owner and (_is_dead(owner) or time.monotonic() - seen_at > STALE_SECONDS):
                self._evict(owner)
            elif time.monotonic() > deadline:
                raise EspalierError(
                    f"the aliases of {self._model!r} are being moved by {_words(owner)}; try again"
                )
            else:
                time.sleep(_POLL_SECONDS)

    def check(self) -> None:
        """Make sure that the lock is still held; call it before each write.

        Raises
        ------
        LockLostError
            It is not.
        """
        if time.monotonic() - self._since > HELD_SECONDS or self._read() != self._mine:
            raise LockLostError(
                f"moving the aliases of {self._model!r} took too long and was stopped; try again"
            )

    def release(self) -> None:
        """Let go, if the lock is still held."""
        if self._mine and self._read() == self._mine:
            self._delete()
        self._mine = ""

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _create(self) -> bool:
        """Make the lock, whole at once; False when there is one."""
        from mlflow.exceptions import MlflowException

        mine = json.dumps(_myself())
        try:
            self._client.create_registered_model(
                self._name,
                tags={_OWNER_TAG: mine},
                description=f"A lock of Espalier's on {self._model}: gone in seconds. Delete it "
                "only if no promotion or rollback is running.",
            )
        except MlflowException as error:
            # MLflow looks the existing one up, which may be gone by then.
            if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"):
                raise
            return False
        self._mine, self._since = mine, time.monotonic()
        return True

    def _read(self) -> str:
        """Return who has the lock, as written; empty when nobody has."""
        from mlflow.exceptions import MlflowException

        try:
            return str(self._client.get_registered_model(self._name).tags.get(_OWNER_TAG, "?"))
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return ""

    def _evict(self, gone: str) -> None:
        """Remove the lock of ``gone``, and no other one."""
        if self._read() == gone:
            _LOG.warning("taking over the lock on %r of %s", self._model, _words(gone))
            self._delete()

    def _delete(self) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client.delete_registered_model(self._name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise


def _myself() -> dict[str, Any]:
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    return ProcessIdentity.mine().to_dict() | {"at": now, "token": uuid.uuid4().hex}


def _is_dead(owner: str) -> bool:
    process = ProcessIdentity.parse(_record(owner))
    return process is not None and process.is_dead


def _words(owner: str) -> str:
    record = _record(owner)
    return f"process {record.get('pid')} on {record.get('host')} since {record.get('at')}"


def _record(owner: str) -> dict[str, Any]:
    try:
        record = json.loads(owner)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
