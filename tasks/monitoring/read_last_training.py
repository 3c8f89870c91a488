"""Read the last training of a model, to derive the request of the next one."""

import os
from dataclasses import dataclass

from espalier.infra.access.origin import OPERATOR, Origin, current_origin, recorded_origin
from espalier.infra.registry.model_runs import run_behind
from espalier.infra.registry.registry import RegisteredVersion, resolve, versions_of
from espalier.infra.settings import Settings
from espalier.infra.tables.lasting import is_lasting
from espalier.infra.tracking.artifacts import LEADERBOARD_FILE, read_json_file
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.retraining.warm_start import members
from espalier.pipelines.redaction import redact
from espalier.pipelines.requests.retrain import RetrainRequest, source_variable
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.policies import retried_task
from espalier.tasks.search.open_run import REQUEST_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTraining:
    """Earlier versions of a model, and the request of its next training.

    Attributes
    ----------
    champion : RegisteredVersion
        The version with the alias ``champion``, or the newest one without such an alias.
    newest : RegisteredVersion
        The version that was trained last; often the champion.
    request : TrainRequest
        Request of the next training.
    origin : Origin
        For whom its data are read: whoever named the source.
    """

    champion: RegisteredVersion
    newest: RegisteredVersion
    request: TrainRequest
    origin: Origin = OPERATOR

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the data of the last training."""
        return self.newest.tags.get("fingerprint", "")


@retried_task(
    name="read last training",
    description="Find the champion, and the request of the last training.",
    tags=["espalier", "registry"],
)
def read_last_training(request: RetrainRequest, settings: Settings) -> PastTraining:
    """Return champion and newest version, and the training request that ``request`` implies.

    Raises
    ------
    UserError
        There is no such model, its last request is not on record, or the data source is unknown.
    """
    champion = resolve(request.name, settings)
    newest = versions_of(champion.name, settings)[0]
    asked = read_json_file(settings, newest.run_id, REQUEST_FILE) if newest.run_id else None
    if asked is None:
        raise UserError(
            f"the training of {newest.name}/{newest.version} left no record of what it was asked; "
            f"train it once more with: espalier train DATA --target COL --name {request.name}"
        )
    source = os.environ.get(source_variable(request.name)) or None
    origin = OPERATOR
    if not (request.data or source):
        _require_same_place(str(asked["data"]), request.name, settings)
        origin = recorded_origin(run_behind(newest, settings).asked_by)
    if (request.data or request.query) and not origin.is_form:  # another query, another source
        origin = current_origin()
    starts = dict.fromkeys(f"{each.name}/{each.version}" for each in (champion, newest))
    return PastTraining(
        champion=champion,
        newest=newest,
        request=request.applied_to(
            asked,
            source=source,
            start_from=tuple(starts),
            n_members=_n_members(newest, settings) if request.update else 0,
        ),
        origin=origin,
    )


def _n_members(newest: RegisteredVersion, settings: Settings) -> int:
    """Return how many members the newest version has, which an update fits again.

    Raises
    ------
    UserError
        They are not on record.
    """
    board = read_json_file(settings, newest.run_id, LEADERBOARD_FILE) if newest.run_id else None
    n = len(members(board or ()))
    if not n:
        raise UserError(
            f"the members of {newest.name}/{newest.version} are not on record, so they cannot be "
            "updated; leave --update out"
        )
    return n


def _require_same_place(data: str, name: str, settings: Settings) -> None:
    """Refuse a relative path, as it was recorded before 0.2, where it may be another file.

    Raises
    ------
    UserError
        The working folder is not the one that has the home folder.
    """
    if not is_lasting(data) and os.path.realpath(os.getcwd()) != os.path.realpath(
        settings.home.parent
    ):
        raise UserError(
            f"the last training of {name!r} read {redact(data)!r}, and from which folder is not on "
            f"record; give the source with --data or as {source_variable(name)}"
        )
