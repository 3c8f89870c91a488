"""A folder of a user whose own files have the names of ours, and of the standard library's."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
OURS = (
    "tasks.py",
    "espalier_data.py",
    "pipelines/__init__.py",
    "flows/__init__.py",
    "infra/__init__.py",
)
# Beginners call their files so. No script beside them runs, whatever it imports.
STANDARD = (
    "queue.py",
    "random.py",
    "calendar.py",
    "code.py",
    "email.py",
    "secrets.py",
    "statistics.py",
)


@dataclass(frozen=True)
class Crowded:
    """The folder, and programs that are started in it.

    Each of the user's files, when it is imported, writes its name into ``mark`` and fails.
    """

    folder: Path
    mark: Path

    @property
    def executed(self):
        """Which of the user's files were run."""
        return self.mark.read_text().split() if self.mark.exists() else []

    @property
    def environ(self):
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PREFECT_", "MLFLOW_", "ESPALIER_", "PYTHON"))
        }
        programs = Path(sys.executable).parent
        return kept | {
            "PATH": f"{programs}:{kept.get('PATH', '')}",
            "PYTHONPATH": str(ROOT / "src"),
            "PREFECT_HOME": str(self.folder.parent / "prefect-home"),
            "NO_COLOR": "1",
            "ESPALIER_PREFECT_START_SECONDS": "600",
            "ESPALIER_UI_START_SECONDS": "600",
        }

    def start(self, *command, **more):
        """Start a program of the environment, such as ``espalier``."""
        program = Path(sys.executable).parent / command[0]
        return subprocess.Popen(
            [str(program), *map(str, command[1:])],
            cwd=self.folder,
            env=self.environ | more,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *command, **more):
        """Run a program to its end; it must succeed. Return what it printed."""
        process = self.start(*command, **more)
        out, error = process.communicate(timeout=900)
        assert (process.returncode, self.executed) == (0, []), out + error
        return out


def make_crowded(place, names):
    folder = place / "project"
    mark = place / "executed"
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"with open({str(mark)!r}, 'a') as file:\n    file.write({name!r} + '\\n')\n"
            f"raise RuntimeError('this is the user\\'s own {name}')\n"
        )
    rng = np.random.default_rng(17)
    x = rng.normal(size=120)
    table = pd.DataFrame({"x": x, "z": rng.normal(size=120), "y": np.where(x > 0, "a", "b")})
    table.to_csv(folder / "t.csv", index=False)
    return Crowded(folder, mark)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """A folder with modules of both kinds, for programs that do not import from it."""
    return make_crowded(tmp_path_factory.mktemp("crowded"), OURS + STANDARD)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with modules of our names alone, for scripts and servers that import from it."""
    return make_crowded(tmp_path_factory.mktemp("project"), OURS)
