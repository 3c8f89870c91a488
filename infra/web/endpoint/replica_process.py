"""The program of a worker: opens one version of a model and answers batches of requests.

``python -m espalier.infra.web.endpoint.replica_process FD``, where FD is a connected socket that
the server handed over. It ends when the server closes the socket or is gone.
"""

import contextlib
import logging
import os
import pickle
import signal
import socket
import struct
import sys

HEADER = struct.Struct("!Q")
"""Length of the message that follows."""


def main() -> None:
    """Open the version that the first message names, and answer until the socket is closed."""
    # Ended by the server: the signal of a whole group, as containers send it, is the server's.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    with contextlib.suppress(EOFError, OSError):  # the server is gone
        serve(channel)
    sys.stderr.flush()
    os._exit(0)  # native libraries may have threads that would keep it


class Channel:
    """Messages over a socket.

    Parameters
    ----------
    connection : socket.socket
        A connected socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")

    def receive(self) -> object:
        """Return the next message.

        Raises
        ------
        EOFError
            The other side has closed the connection.
        """
        (length,) = HEADER.unpack(self._exactly(HEADER.size))
        return pickle.loads(self._exactly(length))

    def send(self, message: object) -> None:
        """Send a message."""
        content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        self._connection.sendall(HEADER.pack(len(content)) + content)

    def _exactly(self, length: int) -> bytes:
        content = self._file.read(length)
        if len(content) < length:
            raise EOFError("the server is gone")
        return content


def serve(channel: Channel) -> None:
    """Answer every batch that the channel brings."""
    from espalier.infra.environment import quiet_environment
    from espalier.infra.web.answering.opening import ModelSource, open_source
    from espalier.pipelines.errors import UserError

    quiet_environment()
    source = channel.receive()
    assert isinstance(source, ModelSource)
    try:
        answerer = open_source(source)
    except Exception as error:
        kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        channel.send(kind + " ".join(str(error).split()))
        return
    channel.send(answerer.facts)
    while True:
        questions = channel.receive()
        assert isinstance(questions, tuple)
        channel.send(answerer.answer(questions))


if __name__ == "__main__":
    main()
