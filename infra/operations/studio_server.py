"""Run the studio beside the pages of MLflow and Prefect, on 127.0.0.1 only."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from espalier.infra.environment import without_strict_warnings
from espalier.infra.log_rotation import rotate
from espalier.infra.network.ports import answers, free_port, is_local, wait_until_answers
from espalier.infra.processes.ending import wait_or_kill
from espalier.infra.processes.import_path import without_working_folder
from espalier.infra.settings import Settings
from espalier.pipelines.resources.closing import ClosesAtExit

STUDIO_PORT = 8600
_STOP_SECONDS = 8.0
_LOG = logging.getLogger(__name__)


class StudioServer(ClosesAtExit):
    """The studio of a home folder, found or started as the command ``espalier studio``.

    Parameters
    ----------
    settings : Settings
        Name the home folder.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self.url = ""

    @property
    def log_path(self) -> Path:
        """Path of its log."""
        return self._settings.servers_folder / "studio.log"

    @property
    def is_own(self) -> bool:
        """Whether this object started it, and will stop it."""
        return self._process is not None

    @property
    def is_running(self) -> bool:
        """Whether it was started here, and runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Find the one of another `espalier ui` or `serve`, or start one without waiting for it."""
        found = self._advertised()
        if found is not None:
            self.url = found
            return
        self._settings.servers_folder.mkdir(parents=True, exist_ok=True)
        rotate(self.log_path)
        self._log = self.log_path.open("ab")
        port = free_port(STUDIO_PORT)
        self.url = f"http://127.0.0.1:{port}"
        environ = without_working_folder(without_strict_warnings(os.environ))
        if self._settings.prefect_api_url is None:
            # What it starts finds our server by the home folder, and goes on when that one ends.
            environ.pop("PREFECT_API_URL", None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "espalier", "studio", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=environ | {"ESPALIER_HOME": str(self._settings.home)},
            start_new_session=True,  # Ctrl-C reaches us first, and we stop it in order
        )

    def wait(self) -> bool:
        """Wait until it answers; False if it does not, which ends nothing else."""
        if not self.is_own:
            return True
        answered = wait_until_answers(
            f"{self.url}/alive",
            seconds=self._settings.ui_start_seconds,
            alive=lambda: self.is_running,
        )
        if answered:
            self._page_file.write_text(json.dumps({"url": self.url}))
        else:
            _LOG.warning("the studio did not start; %s says why", self.log_path)
        return answered

    def close(self) -> None:
        """Stop it; what it has started goes on."""
        process, self._process = self._process, None
        if process is not None:
            self._page_file.unlink(missing_ok=True)
            process.terminate()
            wait_or_kill(process, _STOP_SECONDS)
        if self._log is not None:
            self._log.close()

    @property
    def _page_file(self) -> Path:
        return self._settings.servers_folder / "studio.json"

    def _advertised(self) -> str | None:
        """Return the address of a running studio of this home folder; None without one."""
        try:
            url = str(json.loads(self._page_file.read_text())["url"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return url if is_local(url) and answers(f"{url}/alive") else None
