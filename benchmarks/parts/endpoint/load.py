"""A load generator for HTTP: connections that each send their next request on an answer."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

HOST = "127.0.0.1"


@dataclass
class Load:
    """What came of a number of requests.

    Attributes
    ----------
    seconds : list of float
        Time of each answer.
    statuses : dict of int to int
        Number of answers by HTTP status; 0 where there was none.
    wall : float
        Seconds that all took.
    """

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    wall: float = 0.0

    def add(self, status: int, seconds: float) -> None:
        """Count an answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.seconds.append(seconds)

    @property
    def failed(self) -> int:
        """Number of requests without a status of 200."""
        return sum(count for status, count in self.statuses.items() if status != 200)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.wall

    def percentile(self, share: float) -> float:
        """Return a percentile of the times, in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000.0 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]


class Connection:
    """A connection of HTTP/1.1 that is kept open; a lost one is opened again."""

    def __init__(self, port: int, path: str) -> None:
        self._port = port
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, body: bytes) -> int:
        """Send a body and return the status of the answer; 0 if there was none."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(HOST, self._port)
            reader, writer = self._streams
            writer.write(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            if b"connection: close" in head:
                self.close()
            return int(head.split(b" ", 2)[1])
        except (OSError, EOFError, ValueError):
            self.close()
            return 0

    def close(self) -> None:
        """Close it."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def load(
    port: int,
    path: str,
    bodies: Callable[[int], bytes],
    *,
    connections: int,
    until: Callable[[int], bool],
) -> Load:
    """Send bodies over several connections until ``until`` of the number sent is true."""
    found, sent = Load(), 0

    async def one() -> None:
        nonlocal sent
        connection = Connection(port, path)
        while not until(sent):
            body = bodies(sent)
            sent += 1
            began = time.perf_counter()
            status = await connection.ask(body)
            found.add(status, time.perf_counter() - began)
        connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    found.wall = time.perf_counter() - began
    return found
