"""Growth of an ensemble whose members' errors cancel."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.explain.search.growth import ensemble_growth
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind

Y = np.linspace(0.0, 1.0, 50)
DATASET = Dataset(X=pd.DataFrame(index=range(50)), y=Y, problem=ProblemKind.REGRESSION, roles={})
CHOICE = EnsembleChoice(
    members=((3, 0.5), (1, 0.5)),
    method="greedy selection",
    rule=Combination(
        problem=ProblemKind.REGRESSION, space=CombinationSpace.PROBABILITY, weights=(0.5, 0.5)
    ),
    cv_score=0.0,
)


def grown(predictions):
    return ensemble_growth(CHOICE, predictions, dataset=DATASET, metric=METRICS["mae"], seed=0)


def test_members_join_by_weight_and_cancel_each_others_errors():
    first, second = grown({3: Y + 0.2, 1: Y - 0.2, 9: Y})
    assert (first.trial, second.trial) == (3, 1)
    assert first.together == pytest.approx(0.2)
    assert second.alone == pytest.approx(0.2)
    assert second.together == pytest.approx(0.0)
    assert first.share == second.share == 0.5


def test_only_rows_that_every_member_has_validated_count():
    part = Y - 0.2
    part[:25] = np.nan
    assert grown({3: Y + 0.2, 1: part})[1].together == pytest.approx(0.0)


def test_without_a_members_predictions_nothing_is_told():
    assert grown({3: Y}) == ()
