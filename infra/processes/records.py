"""Which process works on which flow run: the evidence by which a dead one's run is known.

A process that is killed cannot tell Prefect, so each flow run leaves a small file when it starts,
in ``processes/`` of the home folder. Whoever looks later can ask this machine whether the process
is still there.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.settings import Settings


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A flow run and the process that began it.

    Attributes
    ----------
    path : Path
        The file.
    flow_run_id : str
        The run in Prefect.
    owner : ProcessIdentity
        The process.
    """

    path: Path
    flow_run_id: str
    owner: ProcessIdentity


def note_process(settings: Settings, flow_run_id: str) -> None:
    """Note that this process works on the flow run."""
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{flow_run_id}"
    partial.write_text(json.dumps(ProcessIdentity.mine().to_dict()))
    partial.replace(folder / f"{flow_run_id}.json")


def forget_process(settings: Settings, flow_run_id: str) -> None:
    """Remove the note of a flow run that has ended."""
    (_folder(settings) / f"{flow_run_id}.json").unlink(missing_ok=True)


def process_records(settings: Settings) -> Iterator[ProcessRecord]:
    """Yield what is noted; damaged notes are passed over."""
    for path in sorted(_folder(settings).glob("*.json")):
        try:
            owner = ProcessIdentity.parse(json.loads(path.read_text()))
        except (OSError, ValueError):
            continue
        if owner is not None:
            yield ProcessRecord(path, path.stem, owner)


def _folder(settings: Settings) -> Path:
    return settings.home / "processes"
