"""Ask registered models their golden rows again, with the code and the packages installed here.

It is what `espalier predict` would do with them. Models are opened in a process of their own, one
after the other: a model that ends the process, or does not come back, is a result like the others,
and a new process goes on with the next one.
"""

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from espalier.infra.processes.import_path import without_working_folder
from espalier.infra.registry.model_files import model_files
from espalier.infra.registry.registry import RegisteredVersion, list_champions, resolve
from espalier.infra.settings import Settings
from espalier.pipelines.errors import UserError

_LOG = logging.getLogger(__name__)

Verdict = Literal["same", "different", "failed", "untried", "absent"]

SECONDS_A_MODEL = 300.0
TRUSTED = ("same", "untried")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedModel:
    """A model, and what came of trying it.

    Attributes
    ----------
    model : str
        ``NAME/VERSION``.
    verdict : str
        ``same``: its golden rows are answered as when it was logged. ``different``: they are not.
        ``failed``: it cannot be opened or asked. ``untried``: it was logged without rows.
        ``absent``: its files are missing, or it was not made by Espalier.
    text : str
        The same in words, with figures.
    packages : tuple of str
        Packages whose version differs from the logged one, as ``NAME THEN -> NOW``.
    """

    model: str
    verdict: Verdict
    text: str
    packages: tuple[str, ...] = ()

    @property
    def is_trusted(self) -> bool:
        """Whether nothing speaks against using the model."""
        return self.verdict in TRUSTED


def champions_to_check(settings: Settings, model: str | None) -> tuple[RegisteredVersion, ...]:
    """Return the champions of all models, or the version that ``model`` names.

    Raises
    ------
    UserError
        There is no such model.
    """
    return list_champions(settings) if model is None else (resolve(model, settings),)


def check_models(
    versions: Sequence[RegisteredVersion],
    settings: Settings,
    *,
    seconds: float = SECONDS_A_MODEL,
) -> Iterator[CheckedModel]:
    """Try versions with the installed packages, and yield what came of each.

    Parameters
    ----------
    versions : sequence of RegisteredVersion
        What to try.
    settings : Settings
        Name the stores.
    seconds : float
        Longest time that a model may take.

    Raises
    ------
    StoreUnavailableError
        A store does not answer.
    """
    with _Checker(seconds) as checker:
        for version in versions:
            shown = f"{version.name}/{version.version}"
            # Of a store elsewhere the files are fetched: two hundred models would fill a disk.
            with tempfile.TemporaryDirectory(prefix="espalier-check-") as scratch:
                try:
                    saved = model_files(version, settings, into=Path(scratch)).saved
                except UserError as error:
                    yield CheckedModel(model=shown, verdict="absent", text=str(error))
                    continue
                record = checker.ask(saved)
            yield CheckedModel(
                model=shown,
                verdict=record["answers"],
                text=str(record["text"]),
                packages=tuple(record["packages"]),
            )


class _Checker:
    """The process that opens models; a new one is started when it has ended."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[str] | None = None
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="check-models")

    def ask(self, folder: Path) -> dict[str, Any]:
        """Return the record of a saved model."""
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        reading = self._reader.submit(process.stdout.readline)
        try:
            process.stdin.write(f"{folder}\n")
            process.stdin.flush()
            line = reading.result(self._seconds)
        except (TimeoutError, OSError) as error:
            self._stop()
            reading.exception()  # its end of the pipe is closed
            late = isinstance(error, TimeoutError)
            return _failed(f"no answer within {self._seconds:g} s" if late else "its process ended")
        if line:
            return dict(json.loads(line))
        status = process.wait()
        self._stop()
        ended = f"signal {-status}" if status < 0 else f"exit status {status}"
        return _failed(f"opening it ended the process ({ended})")

    def _start(self) -> "subprocess.Popen[str]":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "espalier.infra.operations.model_check_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=without_working_folder(),
        )
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was written has no reader any more
                    _LOG.debug("a pipe to a process that has ended", exc_info=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()  # a reader that still waits comes to an end
        self._reader.shutdown()
        self._stop()


def _failed(why: str) -> dict[str, Any]:
    return {"answers": "failed", "text": why, "packages": []}
