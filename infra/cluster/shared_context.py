"""Send the evaluation context to the workers once, and again only if it was lost."""

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from espalier.pipelines.evaluation.trial_context import TrialContext

if TYPE_CHECKING:
    from distributed import Client


class SharedContext:
    """The pickled evaluation context, available to every worker.

    Local workers read it from a file, which outlives them. To workers of a scheduler by address,
    which may be on other machines, it is scattered, one copy per worker. A worker that joins later
    gets it from another one, and if the last copy is lost with its worker, it is scattered again.

    Parameters
    ----------
    client : Client
        A connected client.
    context : TrialContext
        Data and settings that trials need.
    """

    def __init__(self, client: "Client", context: TrialContext) -> None:
        import cloudpickle  # custom learners and metrics of the user may be defined in __main__

        content = cloudpickle.dumps(context, protocol=5)
        self.digest = hashlib.sha256(content).hexdigest()[:16]
        self._client = client
        self._content: bytes | None = None
        self._scattered: Any = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if _are_own_workers(client):
            self._folder = tempfile.TemporaryDirectory(
                prefix="espalier-", ignore_cleanup_errors=True
            )
            (Path(self._folder.name) / "context.pickle").write_bytes(content)
        else:
            self._content = content

    @property
    def source(self) -> Any:
        """What to pass to a task: the path of the file, or a future of the content."""
        if self._folder is not None:
            return str(Path(self._folder.name) / "context.pickle")
        if self._scattered is None or self.lost:
            # hash=False: with the content as key, two runs would cancel each other's copies.
            self._scattered = self._client.scatter(self._content, broadcast=True, hash=False)
        return self._scattered

    @property
    def is_local(self) -> bool:
        """Whether all workers are on this machine."""
        return self._folder is not None

    @property
    def lost(self) -> bool:
        """Whether the context was scattered and no worker has a copy any more."""
        return self._scattered is not None and self._scattered.status in ("cancelled", "lost")

    def close(self) -> None:
        """Delete the file and release the copies; may be called twice."""
        if self._folder is not None:
            self._folder.cleanup()
        self._scattered = None
        self._content = None


def _are_own_workers(client: "Client") -> bool:
    """Whether the workers are local: started by this process, with access to its files."""
    return client.cluster is not None
