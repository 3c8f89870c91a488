"""Run the pages of MLflow, Prefect and the studio for a local home, on 127.0.0.1 only."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from espalier.infra.environment import without_strict_warnings
from espalier.infra.log_rotation import rotate
from espalier.infra.network.pages import advertised_page, page_file
from espalier.infra.network.ports import free_port, wait_until_answers
from espalier.infra.operations.studio_server import StudioServer
from espalier.infra.orchestration.server import PrefectServer
from espalier.infra.processes.ending import wait_or_kill
from espalier.infra.processes.import_path import without_working_folder
from espalier.infra.settings import Settings
from espalier.infra.tracking.store import make_own_database
from espalier.pipelines.errors import EspalierError
from espalier.pipelines.redaction import redact
from espalier.pipelines.resources.closing import ClosesAtExit

MLFLOW_PORT = 5000
PREFECT_PORT = 4200
_STOP_SECONDS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPage:
    """The address of a server's pages.

    Attributes
    ----------
    name : str
        ``MLflow``, ``Prefect`` or ``Studio``.
    url : str
        Address to open in a browser.
    is_own : bool
        Whether this process started it, and will stop it.
    """

    name: str
    url: str
    is_own: bool


class LocalServers(ClosesAtExit):
    """The servers of MLflow and Prefect for the local stores, found or started, and the studio.

    Parameters
    ----------
    settings : Settings
        Name the stores.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._prefect = PrefectServer(settings, port=PREFECT_PORT, full=True)
        self._mlflow: subprocess.Popen[bytes] | None = None
        self._studio = StudioServer(settings)
        self._log: IO[bytes] | None = None

    def start(self) -> tuple[ServerPage, ...]:
        """Find or start the servers, wait until they answer, and return their addresses.

        Raises
        ------
        EspalierError
            A server does not answer in time; the message names its log.
        """
        self._prefect.start()
        mlflow_url = self._start_mlflow()
        self._studio.start()
        api = self._prefect.wait()
        if self._mlflow is not None and not wait_until_answers(
            f"{mlflow_url}/health",
            seconds=self._settings.ui_start_seconds,
            alive=lambda: self._mlflow is not None and self._mlflow.poll() is None,
        ):
            self.close()
            raise EspalierError(
                f"the MLflow server did not start; {self._mlflow_log_path} says why, "
                "ESPALIER_UI_START_SECONDS gives it longer"
            )
        if self._mlflow is not None:
            self._state_path.write_text(json.dumps({"url": mlflow_url}))
        pages = (
            ServerPage(name="MLflow", url=redact(mlflow_url), is_own=self._mlflow is not None),
            ServerPage(
                name="Prefect", url=redact(api).removesuffix("/api"), is_own=self._prefect.is_own
            ),
        )
        if not self._studio.wait():
            return pages
        return (*pages, ServerPage(name="Studio", url=self._studio.url, is_own=self._studio.is_own))

    def wait(self) -> None:
        """Block while servers started here are running; return at once if there are none."""
        while self._mlflow is not None or self._prefect.is_own or self._studio.is_running:
            if self._mlflow is not None and self._mlflow.poll() is not None:
                return
            if self._prefect.is_own and not self._prefect.is_running:
                return
            for path in (self._mlflow_log_path, self._prefect.log_path, self._studio.log_path):
                rotate(path)  # the pages may be open for months
            time.sleep(0.5)

    def close(self) -> None:
        """Stop the servers that were started here."""
        self._studio.close()
        process, self._mlflow = self._mlflow, None
        if process is not None:
            self._state_path.unlink(missing_ok=True)
            process.terminate()
            wait_or_kill(process, _STOP_SECONDS)
        if self._log is not None:
            self._log.close()
        self._prefect.close()

    @property
    def _mlflow_log_path(self) -> Path:
        return self._settings.servers_folder / "mlflow.log"

    @property
    def _state_path(self) -> Path:
        return page_file(self._settings)

    def _start_mlflow(self) -> str:
        """Return the MLflow server's URL: the store's, a running one's, or of one started here."""
        store = self._settings.mlflow_uri
        if store.startswith(("http://", "https://")):
            return store
        running = advertised_page(self._settings)
        if running is not None:
            return running
        self._settings.servers_folder.mkdir(parents=True, exist_ok=True)
        make_own_database(self._settings)
        port = free_port(MLFLOW_PORT)
        rotate(self._mlflow_log_path)
        self._log = self._mlflow_log_path.open("ab")
        artifacts = self._settings.artifact_location or (self._settings.home / "artifacts").as_uri()
        # The stores are passed by environment: a URI may hold a password, which `ps` would show.
        self._mlflow = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "mlflow",
                "server",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                "--workers",
                "1",
                "--default-artifact-root",
                artifacts,
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={
                **without_working_folder(without_strict_warnings(os.environ)),
                "MLFLOW_BACKEND_STORE_URI": store,
                "MLFLOW_REGISTRY_STORE_URI": self._settings.mlflow_registry_uri,
                # Jobs of its language-model features: four processes of 200 MB that idle here.
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                # Uvicorn puts a folder first in the path; left to itself, the working folder.
                "UVICORN_APP_DIR": str(self._settings.servers_folder.absolute()),
            },
            start_new_session=True,
        )
        return f"http://127.0.0.1:{port}"
