import numpy as np
import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.errors import UserError
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.search.limits.aims import THE_SCORE
from espalier.pipelines.search.limits.operation_limit import aims_within, least_operations
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History

SHAPE = DatasetShape(problem=ProblemKind.BINARY, n_rows=500, n_columns=6, n_classes=2)


def space(*families):
    return SearchSpace([LEARNERS[each] for each in families], SHAPE)


def test_no_limit_bars_nothing():
    assert aims_within(space("mlp"), None) is THE_SCORE


@pytest.mark.parametrize("strategy", ["random", "guided", "evolution", "policy", "local"])
def test_what_is_known_to_take_more_is_never_proposed(strategy):
    choices = space("mlp", "linear")
    aims = aims_within(choices, 20_000.0)
    trials = propose_trials(
        choices, History(METRICS["roc_auc"]), n=12, seed=0, strategy=strategy, aims=aims
    )
    tried = [each.configuration for each in trials]
    assert "mlp" in {each.family for each in tried}
    assert least_operations(choices, tried).max() <= 20_000.0
    drawn = least_operations(choices, choices.sample_family("mlp", 50, np.random.default_rng(0)))
    assert drawn.max() > 20_000.0  # others would have come without the limit


def test_a_limit_below_every_family_is_refused_with_the_lightest():
    with pytest.raises(UserError, match=r"within 10 operations a row: the lightest .* mlp, takes"):
        aims_within(space("mlp", "knn"), 10.0)
