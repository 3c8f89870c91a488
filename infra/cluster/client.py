"""A Dask client that is either connected or gone. Importing this takes a second."""

from distributed import Client


class ClosingClient(Client):
    """Lets go of its thread and its connections where it cannot be connected.

    Dask's own stays half open then until it is collected as garbage. That may be in the thread of
    an event loop that is being started: it then waits for a lock (``LoopRunner._lock``) which is
    held until that loop runs, and the start fails after ten seconds.
    """

    def start(self, *, timeout: float | None = None) -> None:
        """Connect, as Dask's own does; ``timeout`` is in seconds."""
        try:
            super().start(timeout=timeout)
        except BaseException:
            self.close()
            self._loop_runner.stop()  # `close` leaves it where connecting failed in time
            raise
