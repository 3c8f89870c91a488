"""One log file a run: everything chatty goes there, so that the terminal stays ours.

Prefect, Dask and MLflow each set logging up when they are imported, and print. All three leave
the root logger alone when it has a handler with a format already, and let their records travel
up to it. So `RunLog` is opened before they are imported; handlers of theirs that are there
nevertheless are put aside while it is open.
"""

import logging
import os
import sys
import warnings
from pathlib import Path
from types import TracebackType
from typing import Self

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
# One line a request of the Prefect client is nothing to read.
_TOO_CHATTY = ("httpx", "httpcore", "urllib3", "asyncio", "matplotlib", "websockets")


class RunLog:
    """The log file of a run, as a context manager.

    Parameters
    ----------
    path : Path
        Appended to; its folder is made.
    level : int
        The least level that is kept.
    """

    def __init__(self, path: Path, *, level: int = logging.INFO) -> None:
        self.path = path
        self._level = level
        self._handler: logging.FileHandler | None = None
        self._put_aside: list[tuple[logging.Logger, logging.Handler]] = []
        self._levels: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._handler = _open(self.path, self._level)
        root = logging.getLogger()
        self._levels = {name: logging.getLogger(name).level for name in ("", *_TOO_CHATTY)}
        root.setLevel(min(self._level, root.level or self._level))
        for name in _TOO_CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
        root.addHandler(self._handler)
        logging.captureWarnings(True)
        self.hold_back()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and isinstance(error, Exception):
            logging.getLogger(__name__).info("ended by", exc_info=error)
        logging.captureWarnings(False)
        root = logging.getLogger()
        for logger, handler in self._put_aside:
            logger.addHandler(handler)
        self._put_aside.clear()
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
        if self._handler is not None:
            root.removeHandler(self._handler)
            self._handler.close()
            self._handler = None

    def move_to(self, path: Path) -> None:
        """Go on in another file, which gets what was logged so far.

        A run's folder is known only when its data have been read.
        """
        if self._handler is None or path == self.path:
            return
        root, old, before = logging.getLogger(), self._handler, self.path
        self._handler = _open(path, self._level)
        self.path = path
        root.addHandler(self._handler)
        root.removeHandler(old)
        old.close()
        text = before.read_text(encoding="utf-8", errors="replace")
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
        before.unlink(missing_ok=True)

    def hold_back(self) -> None:
        """Put aside what prints to the terminal; again after an import that may have added some."""
        for logger in _known_loggers():
            for handler in list(logger.handlers):
                if _prints(handler):
                    logger.removeHandler(handler)
                    self._put_aside.append((logger, handler))


def quiet_process(path: Path | None = None) -> None:
    """Point this process's output, native code's too, to a file; to nowhere without one.

    For worker processes, which inherit the user's terminal.
    """
    target = os.devnull if path is None else str(path)
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError:
        descriptor = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    for number in (1, 2):
        os.dup2(descriptor, number)
    os.close(descriptor)
    warnings.simplefilter("ignore")


def _open(path: Path, level: int) -> logging.FileHandler:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="a", encoding="utf-8")
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(_FORMAT))
    return handler


def _known_loggers() -> list[logging.Logger]:
    named = list(logging.root.manager.loggerDict.values())
    return [logging.root, *(each for each in named if isinstance(each, logging.Logger))]


def _prints(handler: logging.Handler) -> bool:
    """Whether a handler writes to this process's terminal."""
    stream = getattr(handler, "stream", None) or getattr(
        getattr(handler, "console", None), "file", None
    )
    return stream is not None and stream in (
        sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__,
    )  # fmt: skip
