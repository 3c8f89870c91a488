"""Environment variables to set before libraries are imported, because they read them then.

Prefect, MLflow and Great Expectations report anonymous usage by default, and print banners and
hints. Both are switched off, unless the user has set the variable.
"""

import getpass
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path

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
    # No secrets in Prefect's log of a run, nor in what its process prints.
    "PREFECT_LOGGING_HANDLERS_API_CLASS": (
        "espalier.infra.orchestration.api_log_handler.RedactingAPILogHandler"
    ),
    "PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS": (
        "espalier.infra.orchestration.api_log_handler.RedactingConsoleHandler"
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


# Our servers listen at 127.0.0.1; users write localhost for their own.
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")

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
    reach_this_machine(target)
    _have_a_home(target)


def _have_a_home(environ: MutableMapping[str, str]) -> None:
    """Give a process without a home folder or a user name one, as in a container with any user id.

    Prefect, MLflow and Great Expectations ask for them while they are imported.
    """
    if "HOME" not in environ and os.path.expanduser("~") == "~":
        environ["HOME"] = _own_folder(Path(tempfile.gettempdir()) / f"espalier-{os.getuid()}")
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):
        environ.setdefault("LOGNAME", f"user-{os.getuid()}")


def _own_folder(path: Path) -> str:
    """Return the folder, made for this user alone; another one if somebody else has it."""
    with suppress(OSError):
        path.mkdir(mode=0o700, exist_ok=True)
        if not path.is_symlink() and path.stat().st_uid == os.getuid():
            return str(path)
    return tempfile.mkdtemp(prefix=f"{path.name}-")


def reach_this_machine(environ: MutableMapping[str, str] | None = None) -> None:
    """Keep a proxy that the environment names out of what this machine says to itself.

    ``NO_PROXY`` gets this machine's names in addition to what it holds. It stays as it is where no
    variable names a proxy: on some systems its mere presence hides the proxies of their settings.

    Parameters
    ----------
    environ : mutable mapping, optional
        Where to set the variables; ``os.environ`` by default.
    """
    target = os.environ if environ is None else environ
    named = (name for name, value in target.items() if value)
    if not any(re.fullmatch("(?!no_).*_proxy", name, re.IGNORECASE) for name in named):
        return
    # Libraries prefer one or the other, so both say the same unless both were set.
    lower, upper = target.get("no_proxy", "").strip(), target.get("NO_PROXY", "").strip()
    for name, value in (("no_proxy", lower or upper), ("NO_PROXY", upper or lower)):
        given = [each for each in (part.strip() for part in value.split(",")) if each]
        missing = [] if "*" in given else [each for each in _THIS_MACHINE if each not in given]
        target[name] = ",".join([*given, *missing])


def let_warnings_pass() -> None:
    """Raise no warning as an error, here and in what is started from here; for our own programs.

    ``PYTHONWARNINGS=error`` is meant for the user's programs. In ours it ends the libraries that
    warn while they are imported.
    """
    kept = without_strict_warnings(os.environ).get("PYTHONWARNINGS")
    if kept != os.environ.get("PYTHONWARNINGS"):
        os.environ["PYTHONWARNINGS"] = kept or ""
    # Children of multiprocessing get these as their own options.
    sys.warnoptions[:] = [each for each in sys.warnoptions if not _raises(each)]
    if any(action == "error" for action, *_ in warnings.filters):
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning,
                         ResourceWarning):  # fmt: skip
            warnings.simplefilter("ignore", category)


def without_strict_warnings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a program of ours, which raises no warning as an error."""
    given = environ.get("PYTHONWARNINGS")
    if given is None:
        return dict(environ)
    kept = ",".join(each for each in given.split(",") if not _raises(each))
    return {**environ, "PYTHONWARNINGS": kept}


def _raises(option: str) -> bool:
    """Return whether an entry of ``-W`` makes errors of warnings; Python takes ``e`` for it too."""
    action = option.strip().partition(":")[0].strip().lower()
    return bool(action) and "error".startswith(action)
