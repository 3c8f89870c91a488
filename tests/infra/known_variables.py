"""Which variables of the environment the parts really read."""

import os
import re
from unittest.mock import patch

NAMED = re.compile(r"\b(?:ESPALIER|MLFLOW|PREFECT|DASK)_[A-Z0-9_]*[A-Z0-9]\b")


def is_known(name):
    """Whether somebody reads the variable ``name``."""
    prefix = name.partition("_")[0]
    return name in {"ESPALIER": _ours, "MLFLOW": _mlflow, "PREFECT": _prefect, "DASK": _dask}[
        prefix
    ](name)


def _ours(name):
    from espalier.flows.progress.progress_file import PROGRESS_VARIABLE
    from espalier.flows.studio.serve import PASSWORD_VARIABLE
    from espalier.infra.access.origin import ASKED_BY_VARIABLE
    from espalier.infra.form_settings import SECRET_PREFIX
    from espalier.infra.settings import Settings

    if name.startswith(SECRET_PREFIX):  # whatever follows: a data source names it
        return {name}
    found = {PROGRESS_VARIABLE, PASSWORD_VARIABLE, ASKED_BY_VARIABLE}
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        found |= {str(each) for each in alias.choices} if alias else {f"ESPALIER_{name.upper()}"}
    return found


def _mlflow(_):
    import mlflow.environment_variables as variables
    from mlflow.cli import server

    named = {
        each.name
        for each in vars(variables).values()
        if isinstance(each, variables._EnvironmentVariable)
    }
    return named | {option.envvar for option in server.params if option.envvar}


def _prefect(_):
    from prefect.settings.legacy import _get_settings_fields
    from prefect.settings.models.root import Settings

    # Any value of Prefect's logging file can be set by a variable named after its place.
    return set(_get_settings_fields(Settings)) | {
        "PREFECT_LOGGING_HANDLERS_API_CLASS",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS",
        "PREFECT_PROFILE",
    }


def _dask(name):
    """Dask reads any variable; one that means something names a default of its configuration."""
    import dask.config
    import distributed  # noqa: F401 - brings its defaults

    with patch.dict(os.environ, {name: "1"}, clear=True):
        (given,) = dask.config.collect_env().items()
    place, (key, value) = dask.config.defaults, given
    while isinstance(value, dict):
        merged = {}
        for each in place:
            merged |= each
        if dask.config.canonical_name(key, merged) not in merged:
            return set()
        place = [merged[dask.config.canonical_name(key, merged)]]
        ((key, value),) = value.items()
        if not isinstance(place[0], dict):
            return set()
    return {name} if dask.config.canonical_name(key, place[0]) in place[0] else set()
