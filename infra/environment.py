"""Environment variables to set before libraries are imported, because they read them then.

Prefect, MLflow and Great Expectations report anonymous usage by default, and print banners and
hints. Both are switched off, unless the user has set the variable.
"""

import os
from collections.abc import MutableMapping

_TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "SCARF_NO_ANALYTICS": "true",
}

_QUIET = {
    "PREFECT_LOGGING_COLORS": "false",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_CLI_PROMPT": "false",
    # Core code uses plain loggers; show their records on Prefect's pages.
    "PREFECT_LOGGING_EXTRA_LOGGERS": "espalier",
    # ... and the run's log gets them as well.
    "PREFECT_LOGGING_LOGGERS_PREFECT_EXTRA_PROPAGATE": "true",
    # No password of a URL in Prefect's log of a run.
    "PREFECT_LOGGING_HANDLERS_API_CLASS": (
        "espalier.infra.orchestration.api_log_handler.RedactingAPILogHandler"
    ),
    # MLflow: no handlers of its own, no progress bars, no printed addresses.
    "MLFLOW_CONFIGURE_LOGGING": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
    "GIT_PYTHON_REFRESH": "quiet",
    # Great Expectations draws a bar for every validation.
    "TQDM_DISABLE": "1",
}

# Prefect waits 20 seconds for a temporary server, which a small machine misses.
# MLflow's client asks a server that does not answer seven times, for more than four minutes, and
# each of our tasks that use it is tried four times: eight seconds are enough. (Whether it is there
# at all is found out sooner: `espalier.infra.tracking.store_probe`.)
_PATIENT = {
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}


# What every process of ours is to find, where the user has set nothing else; prefect.yaml gives it
# to the runs of work pools.
VARIABLES = _TELEMETRY_OFF | _QUIET | _PATIENT


def quiet_environment(environ: MutableMapping[str, str] | None = None) -> None:
    """Switch off telemetry and superfluous output of all libraries; the user's variables stay.

    Call it before prefect, mlflow, great_expectations or distributed is imported. Child
    processes inherit it.

    Parameters
    ----------
    environ : mutable mapping, optional
        Where to set the variables; ``os.environ`` by default.
    """
    target = os.environ if environ is None else environ
    for name, value in VARIABLES.items():
        target.setdefault(name, value)
