"""Containers without a container engine: the services of ``compose.yaml`` on this machine.

Run as root within namespaces of its own (see ``test_image_commands.py``). Each service gets what
Docker would give it: a file system made of the image and of nothing else's changes, its volumes
with the owner that Docker chooses, the variables of the file alone, the image's user without
rights, the command as it is written, and the names of the other services as hosts. The image is
this machine with the Dockerfile's own user and folders added; packages are those of this Python.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "infra" / "deploy"
USER = 1000
PATIENCE = 600.0
_SHARED = ("proc", "dev", "sys")


def interpolated(text, variables):
    """Fill ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?error}`` in, as Compose does."""

    def value(match):
        name, default = match["name"], match["default"]
        return variables.get(name) or (default or "")

    return re.sub(r"\$\{(?P<name>\w+)(?::(?:-(?P<default>[^}]*)|\?[^}]*))?\}", value, text)


def read_compose(variables):
    """Return the services of ``compose.yaml`` and its configs, with variables filled in."""
    record = yaml.safe_load(interpolated((DEPLOY / "compose.yaml").read_text(), variables))
    return record["services"], record["configs"]


def image_steps(text):
    """Return the commands of a Dockerfile that make users and folders."""
    joined = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    steps = re.sub(r"\\\n", " ", joined)
    [made] = [line for line in steps.splitlines() if "useradd" in line]
    return [
        step.strip()
        for step in made.removeprefix("RUN ").split("&&")
        if step.split()[0] in ("useradd", "install")
    ]


def image_variables(text):
    """Return the variables that a Dockerfile sets."""
    return dict(
        pair.split("=", 1)
        for line in text.splitlines()
        if line.startswith("ENV ")
        for pair in shlex.split(line)[1:]
    )


def run(*command, **options):
    """Run a command that must succeed."""
    return subprocess.run([str(each) for each in command], check=True, **options)


@dataclass
class Container:
    """A service that runs."""

    name: str
    root: Path
    variables: dict[str, str]
    process: subprocess.Popen
    log: Path

    def execute(self, command, *, user=USER, stdin=None, stdout=subprocess.PIPE, seconds=PATIENCE):
        """Run a command in it, as `docker compose exec` does."""
        return subprocess.run(
            within(self.root, command, self.variables, user),
            stdin=stdin if stdin is not None else subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=seconds,
            check=False,
        )

    def stop(self, seconds):
        """End it as `docker stop` does; return the exit status and how long it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.process.returncode, time.monotonic() - started


def within(root, command, variables, user):
    """Return the command line that runs a command in a container's file system."""
    words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    if user == USER:
        words += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    named = [f"{name}={value}" for name, value in variables.items()]
    folder = "/var/lib/espalier" if user == USER else "/"
    inside = f"cd {folder} && exec {shlex.join([*words, 'env', '-i', *named, *command])}"
    return ["chroot", str(root), "sh", "-c", inside]


@dataclass
class Engine:
    """Makes the image once, and containers of it."""

    work: Path
    variables: dict[str, str]
    made: list[Container] = field(default_factory=list)

    def __post_init__(self):
        self.services, self.configs = read_compose(self.variables)
        self.dockerfile = (DEPLOY / "Dockerfile").read_text()
        run("mount", "-t", "tmpfs", "none", self.work)
        run("ip", "link", "set", "lo", "up")
        self._make_image()

    def _make_image(self):
        root = self._mounted("image", ["/"])
        passwd = root / "etc" / "passwd"
        others = [
            line for line in passwd.read_text().splitlines() if line.split(":")[2] != str(USER)
        ]
        passwd.write_text("".join(f"{line}\n" for line in others))
        group = root / "etc" / "group"
        kept = [line for line in group.read_text().splitlines() if line.split(":")[2] != str(USER)]
        group.write_text("".join(f"{line}\n" for line in kept))
        hosts = " ".join(["localhost", *self.services])
        (root / "etc" / "hosts").write_text(f"127.0.0.1 {hosts}\n")
        # Python and these sources may be in root's own folder; the image's are everybody's.
        for path in (ROOT, Path(sys.prefix), Path(sys.base_prefix)):
            for above in path.parents:
                inside = root / above.relative_to("/")
                inside.chmod(inside.stat().st_mode | 0o011)
        for step in image_steps(self.dockerfile):
            run("chroot", root, "sh", "-c", step)
        run("umount", "-R", root)

    def _mounted(self, name, layers):
        folder = self.work / name
        for each in ("up", "work", "root"):
            (folder / each).mkdir(parents=True, exist_ok=True)
        root = folder / "root"
        options = f"lowerdir={':'.join(layers)},upperdir={folder / 'up'},workdir={folder / 'work'}"
        run("mount", "-t", "overlay", "overlay", "-o", options, root)
        for each in _SHARED:
            run("mount", "--rbind", f"/{each}", root / each)
        # Nobody's temporary files but its own.
        run("mount", "-t", "tmpfs", "-o", "mode=1777", "none", root / "tmp")
        for path in {ROOT, Path(sys.prefix), Path(sys.base_prefix)}:
            inside = root / path.relative_to("/")
            if not inside.exists() or path.stat().st_dev != Path("/").stat().st_dev:
                inside.mkdir(parents=True, exist_ok=True)
                run("mount", "--bind", path, inside)
        return root

    def volume(self, name, root, target):
        """Return a named volume's folder; a new one takes the owner of what it covers."""
        folder = self.work / "volumes" / name
        covered = root / target.lstrip("/")
        if not folder.exists():
            folder.mkdir(parents=True)
            if covered.exists():
                owner = covered.stat()
                os.chown(folder, owner.st_uid, owner.st_gid)
        return folder

    def start(self, name, command=None, *, stdin=subprocess.DEVNULL):
        """Start a service, or another command in its place, and return its container."""
        service = self.services[name]
        place = f"{name}-{len(self.made)}"
        root = self._mounted(place, [str(self.work / "image" / "up"), "/"])
        for each in service.get("volumes", ()):
            source, target, *more = each.split(":")
            inside = root / target.lstrip("/")
            folder = (
                (DEPLOY / source).resolve()
                if source.startswith(".")
                else Path(source)
                if source.startswith("/")
                else self.volume(source, root, target)
            )
            if folder.is_dir():
                inside.mkdir(parents=True, exist_ok=True)
            else:
                inside.parent.mkdir(parents=True, exist_ok=True)
                inside.touch()
            run("mount", "--bind", folder, inside)
            if "ro" in more:
                run("mount", "-o", "remount,bind,ro", inside)
        variables = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": "/home/espalier",
            "LANG": "C.UTF-8",
            # The image has the package installed; here it is these sources.
            "PYTHONPATH": str(ROOT / "src"),
            **image_variables(self.dockerfile),
            **{key: str(value) for key, value in service.get("environment", {}).items()},
        }
        log = self.work / f"{place}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                within(root, command or service["command"], variables, USER),
                stdin=stdin,
                stdout=file,
                stderr=file,
            )
        container = Container(name, root, variables, process, log)
        self.made.append(container)
        return container

    def wait_until_healthy(self, container):
        """Wait until a service's own health check is content."""
        test = self.services[container.name]["healthcheck"]["test"]
        command = test[1:] if test[0] == "CMD" else ["sh", "-c", test[1]]
        end = time.monotonic() + PATIENCE
        while container.execute(command, seconds=120).returncode != 0:
            if container.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{container.name}: {container.log.read_text()[-3000:]}")
            time.sleep(1.0)

    def start_postgres(self):
        """Start PostgreSQL as its image does: user, database and the configs of the file."""
        service = self.services["postgres"]
        given = service["environment"]
        [newest] = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
        root = self._mounted("postgres", [str(self.work / "image" / "up"), "/"])
        owner = int(run("id", "-u", "postgres", capture_output=True, text=True).stdout)
        data, secret = root / "srv" / "data", root / "srv" / "secret"
        data.mkdir(parents=True)
        secret.write_text(given["POSTGRES_PASSWORD"])
        for path in (data, secret):
            os.chown(path, owner, owner)
        # Its image lets everybody in by its socket; here that is done by address and password.
        variables = {
            "PATH": f"{newest}:/usr/bin:/bin",
            "PGHOST": "127.0.0.1",
            "PGPASSWORD": given["POSTGRES_PASSWORD"],
        }
        container = Container("postgres", root, variables, None, self.work / "postgres.log")
        user = given["POSTGRES_USER"]
        for words in (
            f"initdb -D /srv/data -U {user} --pwfile=/srv/secret -A scram-sha-256 --no-sync",
            "pg_ctl -D /srv/data -l /srv/data/server.log -w -t 120 "
            "-o '-c listen_addresses=127.0.0.1 -c unix_socket_directories=/srv/data -c fsync=off' "
            "start",
            f"createdb -h 127.0.0.1 -U {user} {given['POSTGRES_DB']}",
            *(
                f"psql -h 127.0.0.1 -U {user} -d {given['POSTGRES_DB']} "
                f"-c {shlex.quote(self.configs[each['source']]['content'])}"
                for each in service["configs"]
            ),
            service["healthcheck"]["test"][1],
        ):
            ended = container.execute(["sh", "-c", words], user=owner)
            if ended.returncode != 0:
                raise RuntimeError(f"{words}: {ended.stderr.decode()}")
        return container
