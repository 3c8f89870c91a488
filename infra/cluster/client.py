"""A Dask client that is closed if it cannot connect. Importing this module takes a second."""

from distributed import Client


class ClosingClient(Client):
    """A Dask client that closes its thread and connections if it cannot connect.

    Dask's client stays half open until it is garbage-collected. That may happen in the thread of
    an event loop that is just starting: the client then waits for a lock (``LoopRunner._lock``)
    that is held until the loop runs, and the start fails after ten seconds.
    """

    def start(self, *, timeout: float | None = None) -> None:
        """Connect to the scheduler, as in Dask; ``timeout`` is in seconds."""
        try:
            super().start(timeout=timeout)
        except BaseException:
            self.close()
            self._loop_runner.stop()  # `close` does not stop it if connecting has failed
            raise
