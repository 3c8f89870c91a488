"""The machines of a simulated year: own folders, common stores, commands that are killed."""

import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from espalier.infra.network.ports import answers, free_port
from espalier.infra.sqlite_urls import sqlite_url

ROOT = Path(__file__).resolve().parents[2]
INNER = Path(__file__).with_name("inner.py")
SCRIPT = ROOT / "infra" / "deploy" / "postgres.sh"
PACKAGES = ("flows", "tasks", "infra", "pipelines")
_SAID = "outcome.json"
KEPT = {
    "ESPALIER_KEEP_RUNS": "2",
    "ESPALIER_KEEP_VERSIONS": "6",
    "ESPALIER_KEEP_CHAMPIONS": "2",
    "ESPALIER_KEEP_DAYS": "0",
}


@dataclass
class Outcome:
    """How a command ended: status, JSON outcome, calls to MLflow, and how often it was killed."""

    status: int
    record: dict[str, object]
    calls: int
    killed: int
    text: str


@dataclass
class Stores:
    """Common stores: MLflow's database, Prefect's server, and the shared folder of runs."""

    folder: Path
    kind: str
    variables: dict[str, str] = field(default_factory=dict)
    killed: int = 0
    _server: "subprocess.Popen[bytes] | None" = None
    _postgres: str = ""
    _port: int = 0

    def start(self) -> None:
        """Start what is to be started."""
        self.folder.mkdir(parents=True, exist_ok=True)
        prefect = f"sqlite+aiosqlite:///{self.folder / 'prefect.db'}"
        tracking = sqlite_url(self.folder / "mlflow.db")
        if self.kind == "postgresql":
            said = subprocess.run(
                [str(SCRIPT), "start"], capture_output=True, text=True, check=True
            ).stdout
            found = dict(re.findall(r"export (\w+)=(\S+)", said))
            self._postgres = found["POSTGRES_FOLDER"]
            tracking = found["MLFLOW_TRACKING_URI"]
            prefect = found["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
        self._port = free_port()
        self.variables = {
            "PREFECT_API_URL": f"http://127.0.0.1:{self._port}/api",
            "ESPALIER_TRACKING_URI": tracking,
            "ESPALIER_RUNS_URL": (self.folder / "shared").as_uri(),
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": prefect,
        }
        self._start_prefect()

    def kill_prefect(self) -> None:
        """Kill Prefect's server at once, and start it again on its database."""
        server, self._server = self._server, None
        if server is not None:
            self.killed += 1
            _kill(server.pid)
            server.wait()
        self._start_prefect()

    def _start_prefect(self) -> None:
        url = self.variables["PREFECT_API_URL"]
        with (self.folder / "prefect.log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "espalier.infra.orchestration.server_process",
                    "--port",
                    str(self._port),
                    "--mark",
                    str(self.folder / "tables"),
                ],
                stdin=subprocess.PIPE,  # it ends with us
                stdout=log,
                stderr=log,
                env=_plain_environment()
                | {
                    "PYTHONPATH": str(ROOT / "src"),
                    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                    "PREFECT_SERVER_DATABASE_CONNECTION_URL": self.variables[
                        "PREFECT_SERVER_DATABASE_CONNECTION_URL"
                    ],
                },
            )
        end = time.monotonic() + float(os.environ.get("ESPALIER_PREFECT_START_SECONDS", "240"))
        while not answers(f"{url}/health"):
            if self._server.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self.folder / "prefect.log").read_text()[-2000:])
            time.sleep(0.3)

    def stop(self) -> None:
        """Stop what was started."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait(60)
        if self._postgres:
            subprocess.run([str(SCRIPT), "stop", self._postgres], check=True)


@dataclass
class Host:
    """A machine: a home folder that no other sees, and the version of Espalier on it."""

    name: str
    folder: Path
    stores: Stores
    source: Path = ROOT / "src"
    seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """The home folder."""
        return self.folder / "home"

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its commands."""
        return (
            _plain_environment()
            | self.stores.variables
            | KEPT
            | {
                "ESPALIER_HOME": str(self.home),
                "ESPALIER_EXPERIENCE": "none",
                "ESPALIER_NOTIFY": f"{sys.executable} {self.folder / 'told.py'}",
                "PYTHONPATH": str(self.source),
            }
        )

    def make(self) -> None:
        """Make its folder, with a program that notes what it is told."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.folder / "told.py").write_text(
            "import sys, pathlib\n"
            f"with open({str(self.folder / 'told.jsonl')!r}, 'a') as file:\n"
            "    file.write(sys.stdin.read() + '\\n')\n"
        )

    def run(self, *arguments: str, kill_after: float | None = None) -> Outcome:
        """Run a command; with ``kill_after``, kill it and its children at that second."""
        as_json = [] if arguments[0] == "expectations" else ["--json", str(self.folder / _SAID)]
        counts, said = self.folder / "calls.json", self.folder / _SAID
        for path in (counts, said):
            path.unlink(missing_ok=True)
        log = self.folder / "log.txt"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, str(INNER), str(counts), *arguments, *as_json],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=self.environment,
            )
        killed, started = False, time.monotonic()
        try:
            process.wait(kill_after if kill_after is not None else 900)
        except subprocess.TimeoutExpired:
            killed = True
            _kill(process.pid)
            process.wait()
        if not killed:
            self.seconds.setdefault(arguments[0], []).append(time.monotonic() - started)
        return Outcome(
            status=process.returncode,
            record=json.loads(said.read_text()) if said.exists() else {},
            calls=sum(json.loads(counts.read_text()).values()) if counts.exists() else 0,
            killed=int(killed),
            text=log.read_text(errors="replace")[-3000:],
        )


def run_until_done(
    hosts: list[Host], arguments: list[str], *, kills: int, draw: random.Random
) -> Outcome:
    """Run a command on one machine after another until it ends by itself.

    Parameters
    ----------
    hosts : list of Host
        The machines; a killed command is repeated on the next.
    arguments : list of str
        The command.
    kills : int
        How often it is killed first, at a random moment.
    draw : Random
        Chooses the moments and the first machine.
    """
    first, killed = draw.randrange(len(hosts)), 0
    # Any moment of its life: as long as it has lasted so far, on this machine at this time.
    earlier = [each for host in hosts for each in host.seconds.get(arguments[0], ())[-4:]]
    longest = statistics.mean(earlier) if earlier else 40.0
    for number in range(kills):
        host = hosts[(first + number) % len(hosts)]
        outcome = host.run(*arguments, kill_after=draw.uniform(0.1, 1.0) * longest)
        killed += outcome.killed
        if not outcome.killed:  # it was quicker
            break
    else:
        outcome = hosts[(first + kills) % len(hosts)].run(*arguments)
    outcome.killed = killed
    return outcome


def upgraded_source(folder: Path) -> Path:
    """Return a copy of the package with another version number, as an upgrade installs."""
    target = folder / "espalier"
    if not target.exists():
        ignore = shutil.ignore_patterns("__pycache__", "deploy")
        shutil.copytree(ROOT / "src" / "espalier", target, ignore=ignore)
        init = target / "__init__.py"
        text = init.read_text()
        changed = re.sub(r'__version__ = "[^"]+"', '__version__ = "0.2.9.dev0"', text)
        if changed == text:
            raise RuntimeError("no version to change was found")
        init.write_text(changed)
    return folder


def _plain_environment() -> dict[str, str]:
    ours = ("ESPALIER_", "PREFECT_", "MLFLOW_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return kept | {"OMP_NUM_THREADS": "1", "NO_COLOR": "1"}


def _kill(pid: int) -> None:
    """End a process and its children at once, as a power cut would."""
    try:
        family = [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]
    except psutil.NoSuchProcess:
        return
    for each in family:
        try:
            each.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
