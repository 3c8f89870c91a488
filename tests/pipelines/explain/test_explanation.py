"""The whole explanation, of a model whose pace is known."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.calibration.adjustments import NO_ADJUSTMENTS
from espalier.pipelines.explain.explanation import MISTAKE_ROWS, NOTHING_EXPLAINED, explain
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import NEVER, Deadline

RMSE = get_metric("rmse", ProblemKind.REGRESSION, 1)
LOG_LOSS = get_metric("log_loss", ProblemKind.BINARY, 2)


@dataclass
class Model:
    """Says ``a``; each row costs some seconds of a clock of its own."""

    row_seconds: float = 0.0
    classes: object = None
    now: float = 0.0
    asked: list[int] = field(default_factory=list)
    feature_names = ("a", "b")
    adjustments = NO_ADJUSTMENTS

    def predict_scores(self, table):
        self.now += self.row_seconds * len(table)
        self.asked.append(len(table))
        a = table["a"].to_numpy()
        return a if self.classes is None else np.column_stack([1 - a, a])

    def predict_for_metric(self, table, metric):
        return self.predict_scores(table)

    def codes(self, scores):
        return scores.argmax(axis=1)


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.uniform(0.01, 0.99, size=(5_000, 2)), columns=["a", "b"])


def test_a_regression(table):
    truth = table["a"].to_numpy() + 0.1
    found = explain(Model(), table, truth, metric=RMSE, seed=0, deadline=NEVER)
    assert [each.name for each in found.importances] == ["a", "b"]
    assert found.n_mistake_rows == MISTAKE_ROWS
    assert found.confusion is None
    assert found.deviations.bias == pytest.approx(-0.1)


def test_a_classification(table):
    truth = (table["a"] > 0.5).astype(int).to_numpy()
    model = Model(classes=np.array(["no", "yes"]))
    found = explain(model, table, truth, metric=LOG_LOSS, seed=0, deadline=NEVER)
    assert found.deviations is None
    assert found.confusion.recalls == (1.0, 1.0)
    assert found.to_dict()["confusion"]["labels"] == ("no", "yes")


@pytest.mark.parametrize("row_seconds", [1e-5, 1e-4, 1e-3, 3e-3])
def test_a_slow_model_is_asked_about_fewer_rows(table, row_seconds):
    model = Model(row_seconds=row_seconds)
    deadline = Deadline(2.0, lambda: model.now)
    truth = table["a"].to_numpy()
    found = explain(model, table, truth, metric=RMSE, seed=0, deadline=deadline)
    assert found.n_mistake_rows > 0
    assert model.now <= 2.0


def test_without_the_time_for_a_hundred_rows_nothing_is_said(table):
    model = Model(row_seconds=0.1)
    deadline = Deadline(2.0, lambda: model.now)
    found = explain(model, table, table["a"].to_numpy(), metric=RMSE, seed=0, deadline=deadline)
    assert found == NOTHING_EXPLAINED
    assert model.asked == [100]
    late = Deadline(0.0, lambda: 1.0)
    assert explain(Model(), table, table["a"], metric=RMSE, seed=0, deadline=late) == found
