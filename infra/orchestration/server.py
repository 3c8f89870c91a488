"""The Prefect API for a command: the user's, that of `espalier ui`, or a server of its own.

A server of a command's own is a child process on a free port of 127.0.0.1 with its database in the
home folder. It is started when the command begins and is ready by the time the table is read (about
5 s on two slow cores; 10 s the first time, when it creates its database). Its socket is bound here,
so that no other process can answer at the port, even after a restart.

The server of `espalier ui` ends when that command ends, in whatever way. A command that was using
it then starts a server of its own at the same port, on the same database.
"""

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Self

from espalier.infra.environment import reach_this_machine, without_strict_warnings
from espalier.infra.log_rotation import rotate
from espalier.infra.network.ports import answers, is_local, listen, listen_at, wait_until_answers
from espalier.infra.network.proxies import require_usable_proxies
from espalier.infra.orchestration.address import named_address
from espalier.infra.orchestration.health import require_api
from espalier.infra.processes.ending import wait_or_kill
from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.processes.import_path import without_working_folder
from espalier.infra.settings import Settings
from espalier.infra.sqlite_urls import sqlite_url
from espalier.pipelines.errors import EspalierError
from espalier.pipelines.redaction import redact
from espalier.pipelines.resources.closing import ClosesAtExit

_LOG = logging.getLogger(__name__)

# A server for a single command has nothing to schedule, expire or vacuum.
_IDLE_SERVICES = (
    "CANCELLATION_CLEANUP",
    "CLEANUP_RECONCILER",
    "DB_VACUUM",
    "FOREMAN",
    "LATE_RUNS",
    "PAUSE_EXPIRATIONS",
    "REPOSSESSOR",
    "SCHEDULER",
    "TRIGGERS",
)
_ADDRESS = "PREFECT_API_URL"
_STOP_SECONDS = 8.0
_WATCH_SECONDS = 0.5
_MOST_RESTARTS = 5


class PrefectServer(ClosesAtExit):
    """The Prefect API of one command.

    Parameters
    ----------
    settings : Settings
        Give the folder of an own server, and how long it may take to start.
    port : int or None
        Port that an own server should use if it is free.
    full : bool
        Whether an own server also schedules and monitors flows (for `espalier ui`), and publishes
        its address for other commands of this home folder.
    """

    def __init__(self, settings: Settings, *, port: int | None = None, full: bool = False) -> None:
        self._settings = settings
        self._preferred = port
        self._full = full
        self._listening: socket.socket | None = None
        self._owner: ProcessIdentity | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._over = threading.Event()
        self._changing = threading.Lock()
        self._named_by = ""
        self._address_before: str | None = None
        self.url = ""

    @property
    def log_path(self) -> Path:
        """Path of an own server's log."""
        return self._settings.prefect_folder / "server.log"

    @property
    def is_own(self) -> bool:
        """Whether this object started the server and will stop it."""
        return self._process is not None

    def start(self) -> Self:
        """Find or start a server without waiting for it, and set ``PREFECT_API_URL``.

        Call it before prefect is imported, since prefect reads its settings then.
        """
        require_usable_proxies()
        reach_this_machine()
        found = named_address(self._settings)
        if found is not None:
            self.url, self._named_by = found.url, found.named_by
        else:
            self.url = self._advertised() or ""
        if self.url:
            _LOG.info("using the Prefect API at %s", redact(self.url))
        else:
            self._spawn(listen(self._preferred))
        self._address_before = os.environ.get(_ADDRESS)
        os.environ[_ADDRESS] = self.url
        if self._owner is not None:
            threading.Thread(target=self._take_over, name="watch-prefect", daemon=True).start()
        return self

    def wait(self) -> str:
        """Wait until the API answers and return its URL.

        Raises
        ------
        EspalierError
            The server does not answer in time.
        """
        if not self.is_own and self._owner is None:
            require_api(self.url, self._named_by)
            return self.url
        seconds = self._settings.prefect_start_seconds
        if wait_until_answers(f"{self.url}/health", seconds=seconds, alive=lambda: self.is_running):
            if self._full and self.is_own:
                self._advertise()
            if self.is_own and self._owner is None:
                threading.Thread(target=self._watch, name="watch-prefect", daemon=True).start()
            return self.url
        if not self.is_own:
            raise EspalierError(
                f"the Prefect server of `espalier ui` at {self.url} does not answer"
            )
        self.close()
        raise EspalierError(
            f"the Prefect server did not start within {seconds:g} s; "
            f"{self.log_path} says why, ESPALIER_PREFECT_START_SECONDS gives it longer"
        )

    def close(self) -> None:
        """Stop the server if this object started it, and take its address out again."""
        with self._changing:
            self._over.set()
            process, self._process = self._process, None
            listening, self._listening = self._listening, None
        if self.url and os.environ.get(_ADDRESS) == self.url:
            if self._address_before is None:
                del os.environ[_ADDRESS]
            else:
                os.environ[_ADDRESS] = self._address_before
        if process is None:
            return
        if self._full:
            self._state_path.unlink(missing_ok=True)
        if process.stdin is not None:
            process.stdin.close()  # the child ends when its input is closed
        wait_or_kill(process, _STOP_SECONDS)
        if listening is not None:
            listening.close()
        if self._log is not None:
            self._log.close()

    def _spawn(self, listening: socket.socket) -> None:
        folder = self._settings.prefect_folder
        folder.mkdir(parents=True, exist_ok=True)
        self._listening = listening
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        rotate(self.log_path)
        self._log = self.log_path.open("ab")
        self._process = self._run(listening)

    def _take_over(self) -> None:
        """Start an own server at the port of another command's, once that command has ended.

        Of several commands, the one that gets the port does so; the others wait for its end.
        """
        assert self._owner is not None
        port = int(self.url.rpartition(":")[2].removesuffix("/api"))
        while self._owner.is_running:
            if self._over.wait(_WATCH_SECONDS):
                return
        while (listening := listen_at(port)) is None:
            if self._over.wait(_WATCH_SECONDS):
                return
        with self._changing:
            if self._over.is_set():
                listening.close()
                return
            _LOG.warning("the Prefect server has ended with `espalier ui`; an own one takes over")
            self._spawn(listening)
        if self._full:
            self._advertise()
        self._watch()

    def _watch(self) -> None:
        """Restart the server if it dies; Prefect's client waits for it about a minute."""
        for _ in range(_MOST_RESTARTS):
            while self.is_running:
                if self._over.wait(_WATCH_SECONDS):
                    return
            with self._changing:
                if self._over.is_set():
                    return
                assert self._listening is not None
                _LOG.warning("the Prefect server has died; it is started again")
                self._process = self._run(self._listening)

    def _run(self, listening: socket.socket) -> "subprocess.Popen[bytes]":
        number = listening.fileno()
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "espalier.infra.orchestration.server_process",
                "--port",
                str(listening.getsockname()[1]),
                "--listening",
                str(number),
                "--mark",
                str(self._settings.prefect_folder / "tables"),
            ],
            pass_fds=(number,),
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=server_environment(self._settings, self.url, full=self._full),
            start_new_session=True,  # Ctrl-C reaches us first, and we stop it in order
        )

    @property
    def is_running(self) -> bool:
        """Return whether an own server's process is alive; True if the server is not ours."""
        return self._process is None or self._process.poll() is None

    @property
    def _state_path(self) -> Path:
        return self._settings.prefect_folder / "server.json"

    def _advertise(self) -> None:
        record = {"url": self.url, "owner": ProcessIdentity.mine().to_dict()}
        self._state_path.write_text(json.dumps(record))

    def _advertised(self) -> str | None:
        """Return the address of the server of `espalier ui` for this home folder, if there is one.

        A server whose owner has ended is ignored: it may still answer, but is about to end.
        """
        try:
            record = json.loads(self._state_path.read_text())
            url, owner = str(record["url"]), ProcessIdentity.parse(record["owner"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if owner is None or not (is_local(url) and owner.is_running and answers(f"{url}/health")):
            return None
        self._owner = owner
        return url


def server_environment(settings: Settings, url: str, *, full: bool) -> dict[str, str]:
    """Return the environment variables of an own server: database, address and services."""
    own = sqlite_url(settings.prefect_folder / "prefect.db", driver="aiosqlite")
    given = settings.prefect_database
    mine = {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": given.get_secret_value() if given else own,
        "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
        "PREFECT_UI_API_URL": url,
        # Its own pages alone: not what another site's page asks for in the user's browser.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": url.removesuffix("/api"),
        "PREFECT_SERVER_UI_API_URL": url,
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    }
    if not full:
        mine |= {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in _IDLE_SERVICES}
        # A run uses no blocks; `espalier ui` registers Prefect's own at its start.
        mine["PREFECT_API_BLOCKS_REGISTER_ON_START"] = "false"
    inherited = {key: value for key, value in os.environ.items() if key != _ADDRESS}
    return without_working_folder(without_strict_warnings(inherited | mine))
