"""A scheduler and workers of Dask as processes of their own, as somebody else starts them."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[3]


class DaskProcesses:
    """Programs of Dask in a folder of their own; they see this package and nothing else."""

    def __init__(self, folder):
        self.folder = folder
        self.started = []

    def start(self, *words):
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("ESPALIER_", "PREFECT_", "MLFLOW_"))
        }
        log = (self.folder / f"{len(self.started)}.log").open("w+")
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            cwd=self.folder,
            stdout=log,
            stderr=log,
            env=environment
            | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"},
        )
        self.started.append(process)
        return process, log

    def scheduler(self):
        """Start a scheduler and return its address."""
        _, log = self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        end = time.monotonic() + 120
        while time.monotonic() < end:
            log.seek(0)
            found = re.search(r"Scheduler at:\s+(tcp://127\.0\.0\.1:\d+)", log.read())
            if found:
                return found[1]
            time.sleep(0.2)
        raise AssertionError("no scheduler")

    def worker(self, address, *, n_threads=1):
        """Start a worker below a nanny."""
        words = ["--nworkers", "1", "--nthreads", str(n_threads), "--memory-limit", "1GiB"]
        return self.start("worker", address, *words, "--no-dashboard")[0]

    def close(self):
        for process in reversed(self.started):
            try:
                family = [*psutil.Process(process.pid).children(recursive=True), process]
            except psutil.Error:
                family = [process]
            for each in family:
                try:
                    each.kill()
                except psutil.Error:
                    continue
            process.wait()
