"""The file of ``--json`` where a command is refused or fails: scripts read the reason there."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from espalier.flows.terminal.exits import error_line
from espalier.infra.places import write_whole
from espalier.pipelines.errors import UserError
from espalier.pipelines.serialization.strict_json import to_json


@contextmanager
def failures_in(json_path: Path | None, model: str) -> Iterator[None]:
    """Write what stops the block into ``json_path``, and raise it on.

    Parameters
    ----------
    json_path : Path or None
        The file of the outcome; None for none.
    model : str
        Which model it was about.
    """
    try:
        yield
    except Exception as error:
        if json_path is not None:
            record = {
                "model": model,
                "outcome": "refused" if isinstance(error, UserError) else "failed",
                "reasons": [error_line(error)],
            }
            with suppress(UserError):  # its folder may be what is wrong
                write_whole(json_path, to_json(record) + "\n")
        raise
