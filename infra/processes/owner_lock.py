"""A lock on a run folder that names its owner, so that a dead owner's lock can be taken over."""

import contextlib
import json
import logging
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from espalier.infra.processes.identity import ProcessIdentity
from espalier.pipelines.errors import UserError

_LOG = logging.getLogger(__name__)

# Whether a process on another machine, or in another container, is alive cannot be checked. It
# touches its lock every few seconds while it is; different clocks do not matter, since the lock is
# observed for a while.
_BEAT_SECONDS = 4.0
_SILENCE_SECONDS = 20.0
_POLL_SECONDS = 0.5
_TRAINING = "this very training"

_beating: dict[Path, threading.Event] = {}


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
    """

    path: Path
    what: str = _TRAINING

    @property
    def owner_alive(self) -> str | None:
        """Description of the other, living owner of the lock; None if it can be acquired."""
        return self._describe_if_alive(self._read())

    @property
    def owner_is_dead(self) -> bool:
        """Whether the owner is a process of this machine that has ended.

        Without a lock this is False, since its owner may be just about to start.
        """
        owner = ProcessIdentity.parse(self._read())
        return owner is not None and owner.is_dead

    def acquire(self) -> None:
        """Acquire the lock.

        Raises
        ------
        UserError
            Another live process holds it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(3):
            if self._create():
                return
            owner = self._read()
            if _is_me(owner):
                return
            if (words := self._describe_if_alive(owner)) is not None:
                other = "the seed or the name" if self.what == _TRAINING else "what it works on"
                raise UserError(
                    f"{self.what} is running already ({words}); wait for it, or change {other}"
                )
            self._evict(owner)
        raise UserError(f"the lock {str(self.path)!r} cannot be taken; remove it and try again")

    def release(self) -> None:
        """Release the lock if this process holds it."""
        owner = self._read()
        if _is_me(owner):
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> "RunLock":
        self.acquire()
        if self.path not in _beating:
            _beating[self.path] = over = threading.Event()
            threading.Thread(
                target=_beat, args=(self.path, over), name="beat-lock", daemon=True
            ).start()
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

    def _create(self) -> bool:
        """Create the lock file atomically; return False if it exists."""
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        partial.write_text(json.dumps(ProcessIdentity.mine().to_dict() | {"since": time.time()}))
        try:
            os.link(partial, self.path)
        except FileExistsError:
            return False
        finally:
            partial.unlink(missing_ok=True)
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
        age = time.time() - float(owner.get("since") or time.time())
        return f"process {process.pid} on {process.host}, for {age / 60:.0f} min"

    def _is_touched(self) -> bool:
        """Observe the lock for a while; return whether its owner touches or releases it."""
        first = self._touched()
        end = time.monotonic() + _SILENCE_SECONDS
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


def _parse(path: Path) -> dict[str, Any] | None:
    try:
        owner = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return owner if isinstance(owner, dict) else None


def _beat(path: Path, over: threading.Event) -> None:
    """Touch the lock regularly until ``over`` is set."""
    while not over.wait(_BEAT_SECONDS):
        with contextlib.suppress(OSError):
            os.utime(path)


def _is_me(owner: dict[str, Any] | None) -> bool:
    process = ProcessIdentity.parse(owner)
    return process is not None and process.is_me
