"""Replicas: one version of a model, opened and ready to answer, in a process of its own or here.

A replica answers one batch at a time. Its process is killed where it does not answer, and may end
at any time (a native library crashes, the system runs out of memory, somebody kills it); whoever
waits is told by `ReplicaLostError` and asks another one.
"""

import asyncio
import contextlib
import os
import pickle
import socket
import sys
from collections.abc import Sequence
from typing import Any, Protocol

from espalier.infra.environment import without_strict_warnings
from espalier.infra.web.answering.messages import ModelFacts, Question, Reply
from espalier.infra.web.answering.opening import ModelSource, open_source
from espalier.infra.web.endpoint.replica_process import HEADER
from espalier.pipelines.errors import EspalierError, UserError
from espalier.pipelines.resources.cores import usable_cores

PROGRAM = "espalier.infra.web.endpoint.replica_process"

START_SECONDS = 300.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ReplicaLostError(EspalierError):
    """A replica has ended; another one may answer."""


class ReplicaStartError(UserError):
    """A version cannot be opened."""


class Replica(Protocol):
    """An opened version of a model."""

    @property
    def facts(self) -> ModelFacts:
        """What the model needs and answers."""
        ...

    @property
    def pid(self) -> int | None:
        """Process that it is; None if it is not a process of its own."""
        ...

    async def answer(self, questions: Sequence[Question]) -> tuple[Reply, ...]:
        """Answer a batch.

        Raises
        ------
        ReplicaLostError
            It has ended.
        """
        ...

    async def end(self) -> None:
        """End it, whatever it is doing."""
        ...


class OwnReplica:
    """A version that is opened in this process, and answers in a thread of it.

    Parameters
    ----------
    source : ModelSource
        The version.
    """

    pid = None

    def __init__(self, source: ModelSource) -> None:
        self._answerer = open_source(source)

    @classmethod
    async def started(cls, source: ModelSource) -> "OwnReplica":
        """Open a version.

        Raises
        ------
        ReplicaStartError
            It cannot be opened.
        """
        try:
            return await asyncio.to_thread(cls, source)
        except Exception as error:
            raise _unopened(source, error) from error

    @property
    def facts(self) -> ModelFacts:
        """What the model needs and answers."""
        return self._answerer.facts

    async def answer(self, questions: Sequence[Question]) -> tuple[Reply, ...]:
        """Answer a batch."""
        return await asyncio.to_thread(self._answerer.answer, questions)

    async def end(self) -> None:
        """Do nothing: the model goes with the last reference to it."""


class ProcessReplica:
    """A version that is opened in a process of its own; made by `started`.

    Parameters
    ----------
    process : asyncio.subprocess.Process
        The process.
    reader, writer : asyncio.StreamReader, asyncio.StreamWriter
        The connection to it.
    facts : ModelFacts
        What it told of the model.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        facts: ModelFacts,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._facts = facts

    @classmethod
    async def started(cls, source: ModelSource, *, n_processes: int = 1) -> "ProcessReplica":
        """Start a process that opens a version, and wait until it could answer.

        Parameters
        ----------
        source : ModelSource
            The version.
        n_processes : int
            Number of processes that share this machine's cores.

        Raises
        ------
        ReplicaStartError
            The version cannot be opened; the message says why.
        """
        ours, theirs = socket.socketpair()
        process = None
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the working folder provides no modules
                "-m",
                PROGRAM,
                str(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=2,  # what libraries print belongs with the errors
                env=_environment(n_processes),
                start_new_session=True,  # Ctrl-C is for the server, which then ends its workers
            )
            theirs.close()
            reader, writer = await asyncio.open_connection(sock=ours, limit=2**24)
            async with asyncio.timeout(START_SECONDS):
                await _send(writer, source)
                facts = await _receive(reader)
        except BaseException as error:
            theirs.close()
            ours.close()
            if process is not None:
                await _kill(process)
            if isinstance(error, TimeoutError):
                said = f"it was not open after {START_SECONDS:g} s"
            elif isinstance(error, (OSError, EOFError)):
                said = "its process ended while it opened it"
            else:
                raise
            raise ReplicaStartError(f"model {source.label} cannot be served: {said}") from error
        if isinstance(facts, ModelFacts):
            return cls(process, reader, writer, facts)
        writer.close()
        await _kill(process)
        raise ReplicaStartError(f"model {source.label} cannot be served: {facts}")

    @property
    def facts(self) -> ModelFacts:
        """What the model needs and answers."""
        return self._facts

    @property
    def pid(self) -> int | None:
        """Its process."""
        return self._process.pid

    async def answer(self, questions: Sequence[Question]) -> tuple[Reply, ...]:
        """Answer a batch."""
        try:
            await _send(self._writer, tuple(questions))
            replies: tuple[Reply, ...] = await _receive(self._reader)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise ReplicaLostError(f"worker {self.pid} has ended") from error
        return replies

    async def end(self) -> None:
        """End the process, whatever it is doing."""
        self._writer.close()
        await _kill(self._process)


def _unopened(source: ModelSource, error: Exception) -> ReplicaStartError:
    said = " ".join(str(error).split())
    kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
    return ReplicaStartError(f"model {source.label} cannot be served: {kind}{said}")


def _environment(n_processes: int) -> dict[str, str]:
    """Return the environment of a worker: few threads each, so that they do not crowd the cores."""
    threads = str(max(1, usable_cores() // max(1, n_processes)))
    environment = without_strict_warnings(os.environ)
    return {**dict.fromkeys(_THREADS, threads), **environment}


async def _send(writer: asyncio.StreamWriter, message: object) -> None:
    content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    writer.write(HEADER.pack(len(content)) + content)
    await writer.drain()


async def _receive(reader: asyncio.StreamReader) -> Any:
    (length,) = HEADER.unpack(await reader.readexactly(HEADER.size))
    return pickle.loads(await reader.readexactly(length))


async def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
