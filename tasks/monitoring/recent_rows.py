"""The rows that a champion is monitored on: a table, or what an endpoint was asked."""

import datetime

import pandas as pd

from espalier.infra.places import request_log_folder
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.tables.sources import read_table
from espalier.infra.web.endpoint.logged_requests import read_requests, with_labels
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.duration import parse_duration
from espalier.pipelines.requests.monitor import MonitorRequest
from espalier.pipelines.serving.model import EnsembleModel


def recent_rows(
    request: MonitorRequest, champion: RegisteredVersion, model: EnsembleModel, settings: Settings
) -> pd.DataFrame:
    """Return the rows of a request for monitoring, with the target where it is known.

    Raises
    ------
    UserError
        The table or the labels cannot be read, nothing is logged, or the logged rows lack columns
        that a score needs.
    """
    styles = model.preparation.styles_with(model.target)
    if not request.requests:
        return read_table(
            str(request.data), query=request.query, target=model.target, styles=styles
        )
    since = None
    if request.since is not None:
        seconds = parse_duration(request.since)
        since = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds)
    rows = read_requests(request_log_folder(settings.home, champion.name), since=since)
    if request.labels is None:
        return rows.table
    if model.target is None:
        raise UserError(f"model {champion.name!r} does not say what its target is called")
    missing = [name for name in model.feature_names if name not in rows.table.columns]
    if missing:
        listed = ", ".join(repr(name) for name in missing)
        raise UserError(
            f"the request log lacks {listed}, so there is no score; leave --labels out to measure "
            "drift, or log these columns"
        )
    labels = read_table(request.labels, target=model.target, styles=styles)
    return with_labels(rows, labels, model.target)
