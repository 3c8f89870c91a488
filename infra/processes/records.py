"""Record which process works on which flow run, so that dead runs can be recognised.

A process that is killed cannot report it to Prefect, so each flow run writes a small file to
``processes/`` of the home folder when it starts. From it, other processes of this machine can check
whether the process still exists.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.settings import Settings


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A flow run and the process that runs it.

    Attributes
    ----------
    path : Path
        Path of the record.
    flow_run_id : str
        Id of the run in Prefect.
    owner : ProcessIdentity
        The process.
    """

    path: Path
    flow_run_id: str
    owner: ProcessIdentity


def note_process(settings: Settings, flow_run_id: str) -> None:
    """Record that this process works on the flow run."""
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{flow_run_id}"
    partial.write_text(json.dumps(ProcessIdentity.mine().to_dict()))
    partial.replace(folder / f"{flow_run_id}.json")


def forget_process(settings: Settings, flow_run_id: str) -> None:
    """Remove the record of a flow run that has ended."""
    (_folder(settings) / f"{flow_run_id}.json").unlink(missing_ok=True)


def process_records(settings: Settings) -> Iterator[ProcessRecord]:
    """Yield all records; damaged ones are skipped."""
    for path in sorted(_folder(settings).glob("*.json")):
        try:
            owner = ProcessIdentity.parse(json.loads(path.read_text()))
        except (OSError, ValueError):
            continue
        if owner is not None:
            yield ProcessRecord(path, path.stem, owner)


def _folder(settings: Settings) -> Path:
    return settings.home / "processes"
