"""A lock on a run folder that names its owner, so that a dead owner's lock can be taken over.

Whoever holds a lock touches it every few seconds. Of a process on another machine, or in another
container, that is all that can be known: one that is silent for longer counts as gone, and its lock
is taken over. It may only have been held up (a stalled network drive, a suspended machine), so each
acquisition has a token of its own, and the owner looks whether the lock still has it before it
writes anything (`RunLock.check`): one that has lost its lock stops.
"""

import contextlib
import json
import logging
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from espalier.infra.processes.identity import ProcessIdentity
from espalier.pipelines.errors import EspalierError, UserError

_LOG = logging.getLogger(__name__)

_BEAT_SECONDS = 4.0
# An owner elsewhere that has not touched its lock for so long may be followed by another process.
_SILENCE_SECONDS = 20.0
# ... and after so long its runs are ended everywhere, even if nobody follows.
LOST_SECONDS = 600.0
_POLL_SECONDS = 0.5
_TOKEN = "token"

# Locks that this process has acquired and not released, with their tokens, and the beats of those
# that are held. They belong to the process, as the lock files do.
_acquired: dict[Path, str] = {}
_beating: dict[Path, threading.Event] = {}


class LockLostError(EspalierError):
    """The lock of this process, silent for too long, has been taken over by another one."""


@dataclass(frozen=True, slots=True)
class RunLock:
    """A lock file that names its owner (`ProcessIdentity`).

    The lock of a dead owner is taken over. The flow holds it for the whole run; taking it again in
    the same process does nothing.

    Attributes
    ----------
    path : Path
        The lock file.
    what : str
        What is locked, for messages.
    advice : str
        What to do if it is locked, for messages.
    """

    path: Path
    what: str = "this very training"
    advice: str = "wait for it, or change the seed or the name"

    @property
    def owner_alive(self) -> str | None:
        """Description of the other, living owner of the lock; None if it can be acquired.

        An owner elsewhere that touched its lock just now is watched for up to 20 seconds.
        """
        return self._describe_if_alive(self._read())

    @property
    def seems_held(self) -> bool:
        """Whether another process holds the lock, as far as can be told without waiting."""
        process = ProcessIdentity.parse(self._read())
        if process is None or process.is_me:
            return False
        if process.is_here:
            return process.is_running
        age = self._age()
        return age is not None and age < _SILENCE_SECONDS

    @property
    def owner_is_dead(self) -> bool:
        """Whether the owner has ended: as a process of this machine, or silent for ten minutes.

        Without a lock this is False, since its owner may be just about to start.
        """
        owner = ProcessIdentity.parse(self._read())
        if owner is None:
            return False
        if owner.is_here:
            return owner.is_dead
        age = self._age()
        return age is not None and age > LOST_SECONDS

    @property
    def is_lost(self) -> bool:
        """Whether this process has acquired the lock, but another one has taken it over since."""
        token = _acquired.get(self.path)
        if token is None:
            return False
        owner = self._read()
        if owner is None:  # removed by hand: it is ours again, unless somebody else is quicker
            with contextlib.suppress(FileNotFoundError):  # the folder is gone as well
                return not self._create(token)
            return True
        return bool(owner.get(_TOKEN) != token)

    def check(self) -> None:
        """Check that the lock has not been taken over; call this before each write.

        A process that has not acquired the lock is not concerned.

        Raises
        ------
        LockLostError
            Another process has taken over.
        """
        if self.is_lost:
            by = self._describe(self._read()) or "another process"
            raise LockLostError(
                f"{self.what} was silent for too long, and has been taken over by {by}, which "
                f"continues it; this process stops. The lock was {str(self.path)!r}"
            )

    def acquire(self) -> None:
        """Acquire the lock.

        Raises
        ------
        UserError
            Another live process holds it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(3):
            if self._create(uuid4().hex):
                return
            owner = self._read()
            if _is_me(owner):
                return
            if (words := self._describe_if_alive(owner)) is not None:
                raise UserError(f"{self.what} is running already ({words}); {self.advice}")
            self._evict(owner)
        raise UserError(f"the lock {str(self.path)!r} cannot be taken; remove it and try again")

    def release(self) -> None:
        """Release the lock if this process holds it."""
        _acquired.pop(self.path, None)
        owner = self._read()
        if _is_me(owner):
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> "RunLock":
        self.acquire()
        if self.path not in _beating:
            _beating[self.path] = over = threading.Event()
            threading.Thread(target=_beat, args=(self, over), name="beat-lock", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        over = _beating.pop(self.path, None)
        if over is not None:
            over.set()
        self.release()

    def _create(self, token: str) -> bool:
        """Create the lock file atomically; return False if it exists."""
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        record = ProcessIdentity.mine().to_dict() | {"since": time.time(), _TOKEN: token}
        partial.write_text(json.dumps(record))
        try:
            os.link(partial, self.path)
        except FileExistsError:
            return False
        finally:
            partial.unlink(missing_ok=True)
        _acquired[self.path] = token
        return True

    def _evict(self, gone: dict[str, Any] | None) -> None:
        """Remove the lock of a process that has ended.

        Another process may have done so just before and hold the lock by now: the lock is moved
        away and checked, and put back if it has another owner.
        """
        moved = self.path.with_name(f".{self.path.name}.{os.getpid()}.gone")
        try:
            self.path.rename(moved)
        except FileNotFoundError:
            return
        if _parse(moved) != gone:
            with contextlib.suppress(FileExistsError):
                os.link(moved, self.path)
        else:
            _LOG.info("took over the lock of a process that is gone: %s", self.path)
        moved.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any] | None:
        return _parse(self.path)

    def _describe_if_alive(self, owner: dict[str, Any] | None) -> str | None:
        process = ProcessIdentity.parse(owner)
        if owner is None or process is None or process.is_me:
            return None
        if not (process.is_running if process.is_here else self._is_touched()):
            return None
        return self._describe(owner)

    def _describe(self, owner: dict[str, Any] | None) -> str | None:
        process = ProcessIdentity.parse(owner)
        if owner is None or process is None:
            return None
        age = time.time() - float(owner.get("since") or time.time())
        return f"process {process.pid} on {process.host}, for {age / 60:.0f} min"

    def _is_touched(self) -> bool:
        """Return whether the owner touches its lock, or releases it, watching it if need be.

        A lock that was last touched longer ago than an owner may be silent needs no watching.
        """
        first, age = self._touched(), self._age()
        end = time.monotonic() + _SILENCE_SECONDS - max(0.0, age or 0.0)
        while first is not None and time.monotonic() < end:
            if (now := self._touched()) != first:
                return now is not None
            time.sleep(_POLL_SECONDS)
        return False

    def _touched(self) -> int | None:
        try:
            with self.path.open("rb") as file:  # opening makes a network drive refresh its data
                return os.fstat(file.fileno()).st_mtime_ns
        except FileNotFoundError:
            return None

    def _age(self) -> float | None:
        """Return the seconds since the lock was touched; None without one, or if unknown.

        Both times are by the clock of the drive, so the clocks of the machines do not matter.
        """
        touched = self._touched()
        if touched is None:
            return None
        try:
            # Not in the folder itself, whose own time says when the run was last worked on.
            with tempfile.TemporaryFile(dir=self.path.parent.parent) as probe:
                probe.write(b".")
                probe.flush()
                os.fsync(probe.fileno())  # a network drive has set no time before
                return (os.fstat(probe.fileno()).st_mtime_ns - touched) / 1e9
        except OSError:
            return None

    def _touch(self, token: str) -> bool:
        """Touch the lock; return False if it is no longer ours."""
        with self.path.open("rb") as file:
            owner = json.loads(file.read())
            if not isinstance(owner, dict) or owner.get(_TOKEN) != token:
                return False
            # By its handle: whatever is at this path by now, this is our file.
            os.utime(file.fileno() if os.utime in os.supports_fd else self.path)
        return True


def _parse(path: Path) -> dict[str, Any] | None:
    try:
        owner = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return owner if isinstance(owner, dict) else None


def _beat(lock: RunLock, over: threading.Event) -> None:
    """Touch the lock regularly, until ``over`` is set or another process has it."""
    token = _acquired.get(lock.path, "")
    while not over.wait(_BEAT_SECONDS):
        with contextlib.suppress(OSError, ValueError):
            if not lock._touch(token):
                _LOG.error("another process has taken over the lock %s", lock.path)
                return


def _is_me(owner: dict[str, Any] | None) -> bool:
    process = ProcessIdentity.parse(owner)
    return process is not None and process.is_me
