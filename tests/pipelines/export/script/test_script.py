"""The script trains the pipeline with plain libraries, and does as well as the model."""

import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.export.script.write import best_member
from espalier.pipelines.export.write import export_model
from espalier.pipelines.problem import ProblemKind
from tests.pipelines.export.models import raw_table, signal, small_model


def run(script, *tables):
    """Run a script in a fresh process that cannot see Espalier's sources."""
    done = subprocess.run(
        [sys.executable, "-I", str(script), *map(str, tables)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_target(table, problem):
    """Return the table with the target of the same model, as labels."""
    values = signal(table)
    target = 7 * values + 100
    if problem is ProblemKind.BINARY:
        target = np.where(values > 0.7, "yes", "no")
    elif problem is ProblemKind.MULTICLASS:
        target = np.array(["high", "low", "middle"])[np.digitize(values, [0.3, 1.2])]
    return table.assign(target=target)


def skill(found, true):
    """Return the accuracy, or the share of the variance that is explained."""
    if true.dtype.kind in "OUT" or not pd.api.types.is_numeric_dtype(true):
        return float((found == true).mean())
    return 1 - float(((found - true) ** 2).mean() / true.var())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("problem", "family"),
    [
        (ProblemKind.BINARY, "linear"),
        (ProblemKind.BINARY, "xgboost"),
        (ProblemKind.MULTICLASS, "lightgbm"),
        (ProblemKind.MULTICLASS, "catboost"),
        (ProblemKind.REGRESSION, "linear"),
        (ProblemKind.REGRESSION, "extra_trees"),
    ],
)
def test_the_script_does_as_well_as_the_model(tmp_path, problem, family):
    train, new = with_target(raw_table(), problem), with_target(raw_table(200, 9), problem)
    train.to_csv(tmp_path / "train.csv", index=False)
    new.to_csv(tmp_path / "new.csv", index=False)
    model = small_model(problem, [family], portable=False)
    made = export_model(model, tmp_path / "script.py", "python")
    said = run(made.path, tmp_path / "train.csv", tmp_path / "new.csv")
    found = pd.read_csv(io.StringIO(said))["prediction"]
    own = skill(pd.Series(model.predict(new)), new["target"])
    assert skill(found, new["target"]) > own - 0.08


def test_the_script_prints_its_cross_validated_score_and_needs_no_espalier(tmp_path):
    with_target(raw_table(), ProblemKind.BINARY).to_csv(tmp_path / "train.csv", index=False)
    model = small_model(ProblemKind.BINARY, ["lightgbm"], text=False)
    made = export_model(model, tmp_path / "script.py", "python")
    text = made.path.read_text(encoding="utf-8")
    assert "import espalier" not in text
    assert "from lightgbm import LGBMClassifier" in text
    assert text.count("\n") < 120
    assert -0.9 < float(run(made.path, tmp_path / "train.csv")) < 0  # minus the log loss


def test_the_member_of_the_largest_weight_is_written():
    model = small_model(ProblemKind.BINARY, ["linear", "extra_trees"], text=False)
    object.__setattr__(model.combination, "weights", (0.3, 0.7))
    assert best_member(model).family == "extra_trees"
