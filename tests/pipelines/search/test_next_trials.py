"""How many trials are started at once, and of what kind, where networks take much of the time."""

from espalier.pipelines.learners.families.linear import LINEAR
from espalier.pipelines.learners.neural.convnet_family import CONVNET
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.next_trials import next_trials
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from tests.pipelines.learners.neural.test_convnet import PICTURES


def first_batch(*families):
    space = SearchSpace(families, PICTURES)
    plan = SearchPlan(space=space, budget=Budget(seconds=60.0), seed=0, n_workers=2)
    return space, next_trials(plan, History(METRICS["log_loss"]), Deadline.after(60.0))


def test_of_networks_alone_none_is_chosen_before_a_worker_is_free():
    space, trials = first_batch(CONVNET)
    default, other = (each.configuration for each in trials)
    assert default == space.default("convnet")
    # A draw learns nothing in a short time: the second one is like the first.
    assert sum(default[name] != value for name, value in other.items() if name in default) == 1
    assert trials[1].origin == "neighbour"


def test_beside_other_families_several_are_queued():
    _, trials = first_batch(CONVNET, LINEAR)
    assert len(trials) > 2
