"""How the evaluation context reaches the workers: once, and again only where it was lost."""

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from espalier.pipelines.evaluation.context import EvaluationContext

if TYPE_CHECKING:
    from distributed import Client


class SharedContext:
    """The pickled context, where every worker can get at it.

    Own workers read it from a file, which no dying worker takes along. To those of a scheduler by
    address, who may be anywhere, it is scattered, a copy to each worker; one that joins late gets
    it from another worker, and when the last copy dies with its worker, it is scattered anew.

    Parameters
    ----------
    client : Client
        Connected.
    context : EvaluationContext
        What trials need.
    """

    def __init__(self, client: "Client", context: EvaluationContext) -> None:
        import cloudpickle  # the user's own learners and metrics may live in __main__

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
        """What to hand to a task: a path, or a future of the content."""
        if self._folder is not None:
            return str(Path(self._folder.name) / "context.pickle")
        if self._scattered is None or self.lost:
            # Content as key would let two runs' copies cancel each other (hash=False).
            self._scattered = self._client.scatter(self._content, broadcast=True, hash=False)
        return self._scattered

    @property
    def is_local(self) -> bool:
        """Whether all workers are on this machine."""
        return self._folder is not None

    @property
    def lost(self) -> bool:
        """Whether it was scattered and no worker has it any more."""
        return self._scattered is not None and self._scattered.status in ("cancelled", "lost")

    def close(self) -> None:
        """Let go of it; may be called twice."""
        if self._folder is not None:
            self._folder.cleanup()
        self._scattered = None
        self._content = None


def _are_own_workers(client: "Client") -> bool:
    """Whether the workers are children of this process, with the same files before them."""
    return client.cluster is not None
