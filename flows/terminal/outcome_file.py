"""Write the reason to the file of ``--json`` if a command is refused or fails."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from espalier.flows.terminal.exits import error_line
from espalier.infra.places import write_whole
from espalier.pipelines.errors import UserError
from espalier.pipelines.serialization.strict_json import to_json


@contextmanager
def failures_in(json_path: Path | None, model: str) -> Iterator[None]:
    """Write an error of the block to ``json_path``, and raise it again.

    Parameters
    ----------
    json_path : Path or None
        File to write; None for none.
    model : str
        Name of the model, for the record.
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
            with suppress(UserError):  # the error may be that its folder is missing
                write_whole(json_path, to_json(record) + "\n")
        raise
