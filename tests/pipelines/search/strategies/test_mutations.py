import numpy as np
import pytest

from espalier.pipelines.acquisition.front import hypervolume
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.search.limits.aims import Aims
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.search.strategies.mutations import START, guided_mutations
from espalier.pipelines.search.strategies.names import MUTATION
from espalier.pipelines.trials.history import History
from tests.pipelines.choices_space import (
    BEST_MERIT,
    choices_space,
    merit,
    n_parameters,
)
from tests.pipelines.search.conftest import answer

PARAMETERS = Aims(costs=("parameters",), known=n_parameters)


@pytest.fixture(scope="module")
def space():
    return choices_space()


def searched(space, strategy, *, n=40, batch=4, seed=0, aims=None):
    history = History(METRICS["roc_auc"])
    options = {} if aims is None else {"aims": aims}
    while len(history) < n:
        trials = propose_trials(space, history, n=batch, seed=seed, strategy=strategy, **options)
        history = history.extend([answer(each, merit(each.configuration)) for each in trials])
    return history


def volume(history):
    tried = [each.trial.configuration for each in history.ordered]
    gains = np.array([each.score for each in history.ordered])
    return hypervolume(n_parameters(tried), gains, worst_costs=np.array([16.5]), worst_gain=0.0)


def test_guided_search_finds_the_best_cell_of_a_thousand(space):
    history = searched(space, "guided")
    assert history.best.score == pytest.approx(BEST_MERIT)
    assert {each.trial.origin for each in history.ordered[START + 4 :]} == {MUTATION}


@pytest.mark.parametrize("strategy", ["policy", "policy+critic", "evolution", "local"])
def test_what_other_strategies_try_is_better_than_chance(space, strategy):
    def later(name):
        runs = [searched(space, name, n=48, seed=seed) for seed in range(2)]
        return np.mean([each.score for run in runs for each in run.ordered[32:]])

    assert later(strategy) > later("random") + 0.3


def test_known_costs_give_a_better_front_than_the_score_alone(space):
    def front(**options):
        return np.mean([volume(searched(space, "guided", seed=s, **options)) for s in range(3)])

    assert front(aims=PARAMETERS) > front()


def test_nsga2_searches_the_front_too(space):
    def front(strategy):
        runs = [searched(space, strategy, n=60, seed=s, aims=PARAMETERS) for s in range(3)]
        return np.mean([volume(each) for each in runs])

    assert front("nsga2") > front("random")


@pytest.mark.parametrize("strategy", ["guided", "evolution", "policy", "local", "random", "nsga2"])
def test_what_is_over_a_limit_is_never_tried(space, strategy):
    aims = Aims(costs=("parameters",), known=n_parameters, limits=(9.0,))
    history = searched(space, strategy, n=44, aims=aims)
    tried = [each.trial.configuration for each in history.ordered]
    assert n_parameters(tried).max() <= 9.0


def test_below_a_few_trials_chance_is_asked(space, situation_of):
    drawn = space.sample(START - 1, np.random.default_rng(0))
    situation = situation_of(space, [(each, merit(each)) for each in dict.fromkeys(drawn)])
    assert guided_mutations(situation, 2, families=["cells"], max_per_family=2) == []
