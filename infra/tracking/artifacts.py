"""Read the artifacts of MLflow runs."""

import json
import tempfile
from pathlib import Path
from typing import Any

from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.store import make_client

LEADERBOARD_FILE = "leaderboard.json"
REPORT_FILE = "report.html"
REPORT_TEXT_FILE = "report.md"
EXAMPLES_FILE = "examples.html"
"""Single rows of pictures and texts; what a report links to. It goes when the rows go."""
EXPLANATION_FILE = "explanation.json"
SEARCH_FILE = "search.json"

ROWS_BEGIN, ROWS_END = "<!-- single rows -->", "<!-- end of single rows -->"
"""Marks in the report around what is told of single rows; data cannot forge them, being escaped."""


def fetch_file(settings: Settings, run_id: str, file: str, folder: Path) -> Path | None:
    """Copy the artifact ``file`` of a run into ``folder``; return None if there is none.

    Raises
    ------
    StoreUnavailableError
        The store does not answer.
    """
    from mlflow.exceptions import MlflowException

    folder.mkdir(parents=True, exist_ok=True)
    with store_errors(settings.mlflow_uri):
        try:
            return Path(make_client(settings).download_artifacts(run_id, file, str(folder)))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except MlflowException as error:
            if _is_absent(error):
                return None
            raise


def read_text_file(settings: Settings, run_id: str, file: str) -> str | None:
    """Return the text of a run's artifact; None if there is none."""
    with tempfile.TemporaryDirectory() as folder:
        path = fetch_file(settings, run_id, file, Path(folder))
        return None if path is None else path.read_text(encoding="utf-8")


def read_json_file(settings: Settings, run_id: str, file: str) -> Any:
    """Return the content of a run's JSON artifact; None if there is none."""
    text = read_text_file(settings, run_id, file)
    return None if text is None else json.loads(text)


def _is_absent(error: Exception) -> bool:
    code = getattr(error, "error_code", "")
    text = str(error).lower()
    return code == "RESOURCE_DOES_NOT_EXIST" or "no such artifact" in text or "404" in text
