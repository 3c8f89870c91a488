"""A day of a team's installation, told as JSON: ``run_the_team.py FOLDER REPORT``.

It runs within namespaces of its own. Everything is started as ``compose.yaml`` says; a training and
a prediction are asked for by the forms' API; the backup, restore and upgrade of the guide are done
by the guide's own commands; at last everything is stopped. What is found is in the report,
for ``test_image_commands.py`` to judge.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.infra.deploy.containers import PATIENCE, ROOT, Engine

API = "http://127.0.0.1:4200/api"
GUIDE = ROOT / "docs" / "guide" / "deployment.md"
FORM = {"data": "/data/tumours.csv", "target": "diagnosis", "name": "tumours"}
QUICK = FORM | {"families": ["linear"], "trials": 2}
ENDS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def ask(path, body=None):
    """Ask Prefect's API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{API}{path}", data=data, headers={"Content-Type": "application/json"}
    )
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            if error.code not in (404, 503) or time.monotonic() > end:
                raise RuntimeError(f"{path}: {error.read().decode()}") from error
        time.sleep(1.0)


def start_run(deployment, request):
    """Start a deployment as its form does; return the run's id."""
    found = ask(f"/deployments/name/{deployment}")
    path = f"/deployments/{found['id']}/create_flow_run"
    return ask(path, {"parameters": {"request": request}})["id"]


def wait_for_state(run, *, among, container=None):
    """Wait until a run has one of these states; return type and message.

    ``container`` works on it, and must not end before.
    """
    end = time.monotonic() + PATIENCE
    while True:
        if container is not None and container.process.poll() is not None:
            raise RuntimeError(container.log.read_text()[-3000:])
        state = ask(f"/flow_runs/{run}")["state"]
        if state["type"] in among or time.monotonic() > end:
            return state["type"], state["message"]
        time.sleep(1.0)


def read(url):
    """Return what a page says."""
    with urllib.request.urlopen(url, timeout=300) as reply:
        return reply.read().decode()


class Team:
    """The services, and what is found out about them."""

    def __init__(self, engine, folder):
        self.engine = engine
        self.folder = folder
        self.report = {"stopped": {}}
        self.running = {}

    def start(self):
        """Start everything in the order of the file's dependencies."""
        self.running["postgres"] = self.engine.start_postgres()
        for name in ("prefect", "mlflow", "scheduler", "worker", "flows"):
            self.start_one(name)
        self.report["healthy"] = sorted(self.running)

    def start_one(self, name):
        """Start a service and wait for its health check, if it has one."""
        self.running[name] = self.engine.start(name)
        if "healthcheck" in self.engine.services[name]:
            self.engine.wait_until_healthy(self.running[name])

    def use(self):
        """Train and predict by the forms; look at the figures."""
        run = start_run("train/train", QUICK)
        self.report["train"] = wait_for_state(run, among=ENDS, container=self.running["flows"])
        run = start_run(
            "predict/predict",
            {"data": "/data/tumours.csv", "model": "tumours"} | {"out": "/out/scored.csv"},
        )
        self.report["predict"] = wait_for_state(run, among=ENDS, container=self.running["flows"])
        # One that must not write into what is mounted for reading, nor outside of its roots.
        run = start_run(
            "predict/predict",
            {"data": "/data/tumours.csv", "model": "tumours"} | {"out": "/data/scored.csv"},
        )
        self.report["predict elsewhere"] = wait_for_state(
            run, among=ENDS, container=self.running["flows"]
        )
        volumes = self.engine.work / "volumes"
        self.report["scored"] = len((volumes / "out" / "scored.csv").read_text().splitlines())
        self.report["models"] = len(list((volumes / "artifacts").rglob("model.joblib")))
        self.report["owners"] = sorted({path.stat().st_uid for path in volumes.rglob("*")})
        self.report["figures"] = [
            line for line in read("http://127.0.0.1:9300/metrics").splitlines() if line[:1] != "#"
        ]

    def guide(self, line):
        """Run a line of the guide: `docker compose ... exec|run SERVICE COMMAND [< or > FILE]`."""
        found = re.search(r"(exec|run) (?:--rm |--no-deps |-T )*(\w+) (.*)$", line)
        kind, name, rest = found.groups()
        command, sign, file = re.match(r"(.*?)(?: ([<>]) (\S+))?$", rest).groups()
        words = shlex.split(command)
        source = (self.folder / file).open("rb") if sign == "<" else subprocess.DEVNULL
        target = (self.folder / file).open("wb") if sign == ">" else subprocess.PIPE
        if kind == "exec":
            user = 1000 if name != "postgres" else self.postgres_user
            ended = self.running[name].execute(words, user=user, stdin=source, stdout=target)
            status, said = ended.returncode, ended.stderr.decode()
        else:
            container = self.engine.start(name, words, stdin=source)
            status = container.process.wait(PATIENCE)
            said = container.log.read_text()
        if status != 0:
            raise RuntimeError(f"{line}: {status}, {said[-2000:]}")

    @property
    def postgres_user(self):
        """Id of the user that PostgreSQL runs as."""
        return (self.running["postgres"].root / "srv" / "data").stat().st_uid

    def stop(self, name):
        """Stop a service, and note how it ended."""
        container = self.running.pop(name)
        grace = self.engine.services[name].get("stop_grace_period", "10s")
        status, seconds = container.stop(float(grace.removesuffix("s")) * SLOWNESS)
        self.report["stopped"][name] = {"status": status, "seconds": round(seconds, 1)}

    def stop_while_it_works(self):
        """Stop the flows while they train."""
        long = FORM | {"families": ["extra_trees"], "trials": 400, "seed": 1}
        run = start_run("train/train", long)
        wait_for_state(run, among=("RUNNING", *ENDS))
        time.sleep(30.0)
        self.stop("flows")
        self.report["interrupted"] = wait_for_state(run, among=ENDS)
        going = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
        self.report["left running"] = [each["name"] for each in ask("/flow_runs/filter", going)]

    def restore_and_upgrade(self):
        """Lose everything, bring it back from the backup, and start as after an upgrade."""
        lines = re.findall(r"^docker compose .*$", GUIDE.read_text(), re.MULTILINE)
        restores = [line for line in lines if " < " in line]
        for name in ("mlflow", "prefect"):
            self.stop(name)
        postgres = self.running["postgres"]
        for words in ("dropdb", "createdb"):
            for database in ("mlflow", "prefect"):
                command = [words, "-h", "127.0.0.1", "-U", "espalier", database]
                ended = postgres.execute(command, user=self.postgres_user)
                assert ended.returncode == 0, ended.stderr
        shutil.rmtree(self.engine.work / "volumes" / "artifacts")
        for line in restores:
            self.guide(line)
        url = self.engine.services["mlflow"]["environment"]["MLFLOW_BACKEND_STORE_URI"]
        upgrade = self.engine.start("mlflow", ["mlflow", "db", "upgrade", url])
        self.report["db upgrade"] = upgrade.process.wait(PATIENCE)
        for name in ("prefect", "mlflow"):
            self.start_one(name)
        check = self.engine.start("flows", ["espalier", "check"])
        self.report["check"] = {
            "status": check.process.wait(PATIENCE),
            "said": check.log.read_text(),
        }

    def back_up(self):
        """Run the guide's commands for a backup."""
        lines = re.findall(r"^docker compose .*$", GUIDE.read_text(), re.MULTILINE)
        for line in lines:
            if " > " in line:
                self.guide(line)
        self.report["backup"] = {
            path.name: path.stat().st_size for path in sorted(self.folder.glob("*.[dt]*"))
        }


# A machine that many share ends a process later than a server of its own does.
SLOWNESS = 3.0


def main():
    folder, path = Path(sys.argv[1]), Path(sys.argv[2])
    engine = Engine(
        folder / "containers",
        {"POSTGRES_PASSWORD": "lettersanddigits1", "DATA_FOLDER": str(folder / "data")},
    )
    team = Team(engine, folder)
    try:
        for step in (
            team.start,
            team.use,
            team.back_up,
            team.stop_while_it_works,
            team.restore_and_upgrade,
            lambda: [team.stop(name) for name in ("worker", "scheduler", "mlflow", "prefect")],
        ):
            step()
    except BaseException:
        team.report["failed"] = traceback.format_exc()
    team.report["logs"] = {
        each.log.stem: each.log.read_text(errors="replace")[-4000:] for each in engine.made
    }
    path.write_text(json.dumps(team.report, indent=1))


if __name__ == "__main__":
    main()
