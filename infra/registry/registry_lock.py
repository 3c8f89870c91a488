"""A lock in the model registry, shared by all processes that use the registry.

MLflow overwrites aliases and tags unconditionally, so they cannot serve as a lock. Names of
registered models are unique, though, and creating one is atomic in every store: the lock of a model
is a registered model with a reserved name, which exists for the seconds of a move and names its
owner.

A lock whose owner is a dead process of this machine is taken over at once; any other lock when it
has been observed unchanged for longer than an owner may hold it. The owner measures the time too,
and stops before that.
"""

import json
import logging
import time
import uuid
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.processes.lock_record import lock_record
from espalier.pipelines.errors import EspalierError

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LOG = logging.getLogger(__name__)

# A registered model with such a name is a lock.
LOCK_PREFIX = "espalier lock "
HELD_SECONDS = 120.0
STALE_SECONDS = 150.0
_POLL_SECONDS = 0.2
_OWNER_TAG = "espalier.lock.owner"


class LockLostError(EspalierError):
    """The lock was held for too long, or another process took it over."""


class RegistryLock:
    """A lock for moving a model's aliases; a context manager.

    Parameters
    ----------
    client : MlflowClient
        Client of the registry.
    model : str
        The registered model.
    patience : float
        Seconds to wait while another process holds the lock.
    """

    def __init__(self, client: "MlflowClient", model: str, *, patience: float = 240.0) -> None:
        self._client = client
        self._model = model
        self._name = LOCK_PREFIX + model
        self._patience = patience
        self._mine = ""
        self._since = 0.0

    def acquire(self) -> None:
        """Acquire the lock, waiting while another process holds it.

        Raises
        ------
        EspalierError
            Another process did not release it in time.
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
        """Check that the lock is still held; call this before each write.

        Raises
        ------
        LockLostError
            The lock is not held any more.
        """
        if time.monotonic() - self._since > HELD_SECONDS or self._read() != self._mine:
            raise LockLostError(
                f"moving the aliases of {self._model!r} took too long and was stopped; try again"
            )

    def release(self) -> None:
        """Release the lock, if it is still held."""
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
        """Create the lock atomically; return False if it exists."""
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
            # MLflow looks up the existing model, which may have been deleted meanwhile.
            if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"):
                raise
            return False
        self._mine, self._since = mine, time.monotonic()
        return True

    def _read(self) -> str:
        """Return the owner of the lock, as recorded; empty if it is free."""
        from mlflow.exceptions import MlflowException

        try:
            return str(self._client.get_registered_model(self._name).tags.get(_OWNER_TAG, "?"))
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return ""

    def _evict(self, gone: str) -> None:
        """Remove the lock if its owner is still ``gone``."""
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
    process = ProcessIdentity.parse(lock_record(owner.encode()))
    return process is not None and process.is_dead


def _words(owner: str) -> str:
    record = lock_record(owner.encode())
    return f"process {record.get('pid')} on {record.get('host')} since {record.get('at')}"
