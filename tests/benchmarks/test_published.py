"""What the benchmark against published errors, and the one of families, take for granted."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.experience.shipped import SHIPPED_FOLDER, shipped_folder

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def programs() -> Iterator[None]:
    before = set(sys.modules)
    sys.path.insert(0, str(BENCHMARKS))
    yield
    sys.path.remove(str(BENCHMARKS))
    for name in set(sys.modules) - before:  # other tests have parts of their own
        if name == "families" or name.partition(".")[0] == "parts":
            del sys.modules[name]


def test_a_task_without_twins_has_the_shipped_experience(tmp_path: Path) -> None:
    from parts.published.knowledge import left_out
    from parts.published.tasks import Task

    task = Task("new", "amlb", "y", "auc", 1_000, ("no_such_table",))
    known = left_out(task, SHIPPED_FOLDER / "records.parquet", tmp_path)
    assert (
        TrainingSettings(time_budget=60.0, experience=known).experience_folder == shipped_folder()
    )


def test_all_families_are_compared_with_the_best_alone(capsys: pytest.CaptureFixture[str]) -> None:
    from families import report

    runs = pd.DataFrame(
        [
            ("a", "all", 0, 1.0),
            ("a", "all", 1, 1.2),
            ("a", "cold", 0, 1.0),
            ("a", "mlp", 0, 1.0),
            ("a", "svm", 0, 2.0),
            ("b", "all", 0, 0.9),
            ("b", "mlp", 0, 1.5),
            ("b", "svm", 0, 1.0),
        ],
        columns=["task", "search", "seed", "error"],
    )
    found = report(runs)
    assert found["behind, worst"] == 10.0
    assert found["behind, mean"] == 0.0
    assert found["against none, mean"] == 10.0
    assert found["spread over seeds, %"] == {"a": 12.86}
    assert "svm" in capsys.readouterr().out
