"""What a process that serves flows lets the forms of its runs do."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from espalier.flows.serving.deployments import find_published_flow
from espalier.infra.orchestration.declared import declare, digest
from espalier.infra.settings import Settings
from espalier.infra.tables.placeholders import placeholders

if TYPE_CHECKING:
    from espalier.infra.orchestration.schedules import Schedule


def declare_schedules(schedules: "Sequence[Schedule]", settings: Settings) -> Path:
    """Put on record what the file of schedules asks for, so that its runs are the operator's.

    Raises
    ------
    UserError
        A schedule names an unknown flow, or its parameters are invalid.
    """
    digests, names = [], list[str]()
    for each in schedules:
        flow = find_published_flow(each).load()
        request = get_type_hints(flow.fn)["request"].parse(each.parameters)
        digests.append(digest(flow.name, request, settings))
        names += _variables(each.parameters)
    return declare(digests, names, settings)


def open_own_folders(settings: Settings, *, own_server: bool) -> None:
    """Let forms read the user's files where only this machine reaches the forms.

    The setting ``data_roots`` of the runs becomes the home folder of the user and the working
    folder, unless it is set or the Prefect server is another's.
    """
    if settings.data_roots or not own_server:
        return
    folders = dict.fromkeys(os.path.abspath(each) for each in (Path.home(), Path.cwd()))
    os.environ["ESPALIER_DATA_ROOTS"] = json.dumps(list(folders))


def _variables(value: Any) -> list[str]:
    """Return the variables that the texts in a schedule's parameters name."""
    if isinstance(value, str):
        return list(placeholders(value))
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [name for part in parts for name in _variables(part)]
