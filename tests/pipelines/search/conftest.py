import numpy as np
import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult, TrialStatus


def shape(n_rows=1_000, n_columns=12, n_classes=2):
    return DatasetShape(
        problem=ProblemKind.BINARY if n_classes == 2 else ProblemKind.MULTICLASS,
        n_rows=n_rows,
        n_columns=n_columns,
        n_categorical=3,
        n_classes=n_classes,
        smallest_class=n_rows // 10,
        has_missing=True,
    )


def new_space(n_rows=1_000, n_classes=2):
    table = shape(n_rows, n_classes=n_classes)
    return SearchSpace(choose_learners(None, table), table)


def landscape(space):
    """Return a made-up score: a family's merit less the distance to an optimum of its own."""
    rng = np.random.default_rng(0)
    n_families, n_coordinates = len(space.families), len(space.coordinates)
    merit = rng.normal(scale=0.3, size=n_families)
    optimum = rng.random(n_coordinates)
    steepness = rng.gamma(1.0, 0.5, size=n_coordinates)

    def score(configuration):
        vector = space.encode([configuration])[0]
        active = vector >= 0
        active[:n_families] = False
        loss = (steepness * (vector - optimum) ** 2)[active].sum()
        return float(merit[np.argmax(vector[:n_families])] - loss)

    return score


def answer(trial, score=None, *, seconds=0.0, status=None):
    """Return the result of a trial that nobody ran."""
    status = status or (TrialStatus.FAILED if score is None else TrialStatus.SUCCESS)
    return TrialResult(
        trial=trial,
        status=status,
        score=score,
        fold_scores=() if score is None else (score,),
        seconds=seconds,
    )


@pytest.fixture(scope="session")
def space():
    return new_space()


@pytest.fixture
def history():
    return History(METRICS["roc_auc"])
