import numpy as np
import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.objectives import objective_choices
from espalier.pipelines.trials.configuration import Configuration

SHAPE = DatasetShape(problem=ProblemKind.REGRESSION, n_rows=500, n_columns=4)
LONG_TAIL = np.exp(np.random.default_rng(0).normal(size=500))
EVEN = np.random.default_rng(1).normal(5.0, 1.0, 500)


def choices(metric: str, y: np.ndarray) -> tuple[str, ...]:
    return objective_choices(get_metric(metric, ProblemKind.REGRESSION).objective, y)


def test_a_skewed_target_may_be_learned_on_its_logarithm() -> None:
    assert choices("mae", LONG_TAIL)[0] == "log"
    assert choices("mape", LONG_TAIL)[0] == "log"
    assert "log" in choices("pinball_0.9", LONG_TAIL)


def test_an_even_or_left_skewed_or_negative_target_is_not() -> None:
    for y in (EVEN, 20 - LONG_TAIL, LONG_TAIL - 1.0, np.ones(50)):
        assert choices("mae", y) == ("metric", "squared")
        assert choices("pinball_0.9", y) == ()


@pytest.mark.parametrize("y", [LONG_TAIL, EVEN])
@pytest.mark.parametrize(
    "metric", ["rmse", "r2", "max_error", "rmsle", "smape", "poisson_deviance", "gamma_deviance"]
)
def test_there_is_nothing_to_choose_for_other_metrics(metric: str, y: np.ndarray) -> None:
    assert choices(metric, y) == ()


def test_without_a_choice_the_space_is_the_one_it_was() -> None:
    learners = [LEARNERS[name] for name in ("linear", "lightgbm", "svm")]
    plain, none = SearchSpace(learners, SHAPE), SearchSpace(learners, SHAPE, ())
    assert plain.coordinates == none.coordinates
    assert not any("prep_objective" in each for each in plain.coordinates)
    drawn = [each.sample(20, np.random.default_rng(0)) for each in (plain, none)]
    assert drawn[0] == drawn[1]


def test_families_share_the_choice_and_offer_what_they_can() -> None:
    learners = [LEARNERS[name] for name in ("linear", "svm")]
    space = SearchSpace(learners, SHAPE, ("log", "metric", "squared"))
    named = [each for each in space.coordinates if "prep_objective" in each]
    assert sorted(named) == [f"prep_objective={each}" for each in ("log", "metric", "squared")]
    rng = np.random.default_rng(0)
    found = {
        family: {each["prep_objective"] for each in space.sample_family(family, 40, rng)}
        for family in ("linear", "svm")
    }
    assert found == {"linear": {"log", "metric", "squared"}, "svm": {"log", "squared"}}
    # Its own way is the squared error, so that there is nothing to choose.
    even = SearchSpace([LEARNERS["svm"]], SHAPE, ("metric", "squared"))
    assert "prep_objective" not in even.default("svm")


def test_a_configuration_of_an_older_version_gets_the_default() -> None:
    space = SearchSpace([LEARNERS["linear"]], SHAPE, ("log", "metric", "squared"))
    old = Configuration.of("linear", {"penalty": "l2", "strength": 0.01})
    today = space.complete("linear", dict(old))
    assert today["prep_objective"] == "log"
    assert today["strength"] == 0.01
    # And a space without the choice takes the newer configuration as the older one.
    back = SearchSpace([LEARNERS["linear"]], SHAPE).complete("linear", dict(today))
    assert "prep_objective" not in back
