"""Two machines that share nothing but MLflow, PostgreSQL and an object store go on as one would.

Each machine has a home folder that the other does not see and, where Linux lets us, process ids,
mounts and a host name of its own, as a pod has. The object store is an S3 server (moto's): MLflow's
artifacts and the records of runs are in it; locks are PostgreSQL's.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from espalier.infra.network.ports import free_port
from tests.faults.invariants import PATIENCE, check_mlflow
from tests.faults.servers import ROOT, Servers

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.postgres]

SCRIPT = ROOT / "infra" / "deploy" / "postgres.sh"
N_TRIALS = 10
BUCKET = "espalier"
_POD = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--mount", "--uts")
_HOW_MANY = (
    "from espalier.infra.settings import load_settings\n"
    "from espalier.infra.tracking.trial_reader import read_trials\n"
    "print(read_trials(load_settings(), {}, ()).n_runs)\n"
)


def pods_are_possible():
    """Whether processes can be given ids, mounts and a host name of their own here."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_POD, "true"], capture_output=True, check=False).returncode == 0


@dataclass
class Machine:
    """A machine: its home, what it is told of the servers, and its commands."""

    name: str
    folder: Path
    variables: dict[str, str]
    others: list[Path] = field(default_factory=list)

    @property
    def home(self):
        return self.folder / "home"

    def start(self, *arguments, module="espalier.flows.cli.app"):
        """Start a command on it; the other machines' folders are not there for it."""
        self.folder.mkdir(exist_ok=True)
        command = [sys.executable, *(["-m", module] if module else []), *map(str, arguments)]
        if pods_are_possible():
            hidden = "".join(f"mount -t tmpfs none '{each}' && " for each in self.others)
            inside = f'hostname {self.name} && {hidden}exec "$@"'
            command = [*_POD, "sh", "-c", inside, "sh", *command]
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PREFECT_", "MLFLOW_", "ESPALIER_"))
        }
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=kept | self.variables | {"ESPALIER_HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def end(self, process):
        """Wait for a command; return its exit status and what it said."""
        said, _ = process.communicate(timeout=1200)
        return process.returncode, said

    def run(self, *arguments, module="espalier.flows.cli.app"):
        return self.end(self.start(*arguments, module=module))

    def report(self, name="out.json"):
        return json.loads((self.folder / name).read_text())


def kill(process):
    """End a command with all its children at once, as a power cut would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def postgres():
    started = subprocess.run(
        [str(SCRIPT), "start"], capture_output=True, text=True, check=False, timeout=300
    )
    if started.returncode:
        pytest.skip(f"no PostgreSQL: {started.stderr.strip()}")
    variables = dict(re.findall(r"export (\w+)=(\S+)", started.stdout))
    yield variables
    subprocess.run([str(SCRIPT), "stop", variables["POSTGRES_FOLDER"]], check=True)


@pytest.fixture(scope="module")
def team(postgres, tmp_path_factory):
    """The servers; returns what machines are told of them."""
    for name in ("moto", "s3fs", "boto3"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    import moto

    folder = tmp_path_factory.mktemp("servers")
    port = free_port()
    packages = os.pathsep.join([str(ROOT / "src"), str(Path(moto.__file__).parents[1])])
    s3 = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "PYTHONPATH": packages,
    }
    with Servers(folder) as servers:
        servers.start(
            ["moto.server", "-H", "127.0.0.1", "-p", str(port)],
            url=s3["AWS_ENDPOINT_URL"],
            health=f"{s3['AWS_ENDPOINT_URL']}/moto-api/",
            folder=folder / "s3",
            environment=s3,
        )
        files = filesystem(s3)
        files.mkdir(BUCKET)
        mlflow = servers.mlflow(
            store=postgres["MLFLOW_TRACKING_URI"],
            artifacts=f"s3://{BUCKET}/artifacts",
            environment=s3,
        )
        prefect = servers.prefect(database=postgres["PREFECT_SERVER_DATABASE_CONNECTION_URL"])
        yield s3 | {
            "MLFLOW_TRACKING_URI": mlflow.url,
            "PREFECT_API_URL": prefect.url,
            "ESPALIER_RUNS_URL": f"s3://{BUCKET}/runs",
            "ESPALIER_LOCKS_URL": postgres["MLFLOW_TRACKING_URI"],
            "ESPALIER_EXPERIENCE": "none",
        }


def filesystem(variables):
    """Return the object store as fsspec sees it."""
    import s3fs

    return s3fs.S3FileSystem(
        key=variables["AWS_ACCESS_KEY_ID"],
        secret=variables["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        use_listings_cache=False,
        skip_instance_cache=True,
    )


@pytest.fixture(scope="module")
def machines(team, tmp_path_factory):
    folder = tmp_path_factory.mktemp("machines")
    one, two = (Machine(name, folder / name, team) for name in ("one", "two"))
    for mine, other in ((one, two), (two, one)):
        mine.folder.mkdir()
        mine.others.append(other.folder)
    return one, two


@pytest.fixture(scope="module")
def table(tumours, tmp_path_factory):
    """The source of the data, which all machines read."""
    return Path(shutil.copy(tumours, tmp_path_factory.mktemp("source") / "tumours.csv"))


@pytest.fixture(scope="module")
def continued(machines, table, team):
    """A training that is killed on one machine, and given again on the other."""
    one, two = machines
    asked = (
        *("train", table, "--target", "diagnosis", "--name", "tumours", "--seed", "0"),
        *("--trials", N_TRIALS, "--families", "extra_trees,linear", "--workers", "1"),
        *("--json", "out.json"),
    )
    files, process = filesystem(team), one.start(*asked)
    end = time.monotonic() + PATIENCE
    while shared_trials(files) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.2)
    kill(process)
    n_shared = shared_trials(files)
    status, said = two.run(*asked)
    assert status == 0, said
    return n_shared, two.report()


def shared_trials(files):
    """Return how many trials the shared records have."""
    found = files.glob(f"{BUCKET}/runs/model=tumours/*/trials.jsonl")
    return sum(files.cat_file(each).count(b"\n") for each in found)


def test_another_machine_continues_what_was_killed(continued, machines):
    n_shared, report = continued
    one, two = machines
    assert report["n_trials"] == N_TRIALS
    assert n_shared <= report["n_resumed"] < N_TRIALS
    # It had no disk in common with the other one.
    assert [path.name for path in two.home.glob("runs/*")] == [
        path.name for path in one.home.glob("runs/*")
    ]


def test_stores_hold_everything_once(continued, team):
    check_mlflow(team["MLFLOW_TRACKING_URI"], n_trials=N_TRIALS)
    files = filesystem(team)
    assert files.find(f"{BUCKET}/artifacts"), "the model is in the object store"
    held = files.find(f"{BUCKET}/runs")
    assert not [each for each in held if each.endswith(".pkl")], "rows stay where they were read"


def test_one_machine_at_a_time_retrains(continued, machines, table):
    one, two = machines
    rows = pd.read_csv(table)
    pd.concat([rows, rows.sample(40, random_state=1)]).to_csv(table, index=False)
    asked = ("retrain", "tumours", "--json", "retrained.json")
    running = [(each, each.start(*asked)) for each in (one, two)]
    ended = [each.end(process) for each, process in running]
    assert [status for status, _ in ended] == [0, 0], ended
    outcomes = sorted(each.report("retrained.json")["outcome"] for each in machines)
    assert "unchanged" in outcomes, outcomes
    assert outcomes[0] != outcomes[1]


def test_what_one_machine_tried_the_other_learns_from(continued, machines):
    _, two = machines
    status, said = two.run("-c", _HOW_MANY, module=None)
    assert status == 0, said
    assert int(said.split()[-1]) >= N_TRIALS
