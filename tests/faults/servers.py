"""Servers as a team runs them, in processes that a test can kill and start again."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from espalier.infra.network.ports import answers, free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 240.0


@dataclass
class Server:
    """A program that listens on a port, and what tells that it does."""

    arguments: list[str]
    url: str
    health: str | None
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen | None = None

    def start(self):
        """Start it and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("ESPALIER_", "PREFECT_", "MLFLOW_"))
        }
        log = (self.folder / "log.txt").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", *self.arguments],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            # Eight processes for jobs of language models would idle beside each MLflow server.
            env=kept
            | {"PYTHONPATH": str(ROOT / "src"), "DO_NOT_TRACK": "1"}
            | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
            | self.environment,
        )
        end = time.monotonic() + PATIENCE
        while self.health is not None and not answers(self.health):
            assert self.process.poll() is None, (self.folder / "log.txt").read_text()
            assert time.monotonic() < end, (self.folder / "log.txt").read_text()
            time.sleep(0.2)
        return self

    def kill(self):
        """End it and its children at once, as a power cut would."""
        process, self.process = self.process, None
        if process is None:
            return
        family = [*psutil.Process(process.pid).children(recursive=True), process]
        for each in family:
            each.kill()
        process.wait()
        process.stdin.close()


class Servers:
    """Makes servers, and kills what is left of them."""

    def __init__(self, folder):
        self.folder = folder
        self._made = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self._made:
            server.kill()

    def mlflow(self, *, store=None, artifacts=None, environment=None):
        """MLflow's tracking server, on its own sqlite database unless another store is named."""
        port, folder = free_port(), self.folder / "mlflow"
        url = f"http://127.0.0.1:{port}"
        return self.start(
            [
                "mlflow",
                "server",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                "--workers",
                "1",
                "--backend-store-uri",
                store or f"sqlite:///{folder / 'mlflow.db'}",
                "--artifacts-destination",
                artifacts or str(folder / "artifacts"),
                "--serve-artifacts",
            ],
            url,
            f"{url}/health",
            folder,
            {"MLFLOW_DISABLE_TELEMETRY": "true"} | (environment or {}),
        )

    def prefect(self, *, database=None):
        """Prefect's server, on its own sqlite database unless another is named."""
        port, folder = free_port(), self.folder / "prefect"
        url = f"http://127.0.0.1:{port}/api"
        database = database or f"sqlite+aiosqlite:///{folder / 'prefect.db'}"
        return self.start(
            [
                "espalier.infra.orchestration.server_process",
                "--port",
                str(port),
                "--mark",
                str(folder / "tables"),
            ],
            url,
            f"{url}/health",
            folder,
            {
                "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
                "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
            },
        )

    def scheduler(self):
        """A Dask scheduler, with one worker that follows it."""
        port, folder = free_port(), self.folder / "dask"
        url = f"tcp://127.0.0.1:{port}"
        return self.start(
            ["dask", "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
            url,
            None,
            folder,
        )

    def worker(self, scheduler):
        """A Dask worker with its nanny."""
        return self.start(
            [
                "dask",
                "worker",
                scheduler.url,
                "--nworkers",
                "1",
                "--nthreads",
                "1",
                "--no-dashboard",
                "--memory-limit",
                "1GiB",
            ],
            "",
            None,
            self.folder / "worker",
        )

    def start(self, arguments, url, health, folder, environment=None):
        """Start any other server, which ends with these."""
        server = Server(arguments, url, health, folder, environment or {})
        self._made.append(server)
        return server.start()
