"""A differentiable search: what supernets propose are the first trials, and tables are refused."""

from dataclasses import replace

import numpy as np
import pytest

from espalier import AutoMLClassifier
from espalier.pipelines.data.splitting.folds import Fold
from espalier.pipelines.errors import UserError
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.learners.neural import convnet_family, supernet_family
from espalier.pipelines.learners.neural.convnet_family import CONVNET, design_of, values_of
from espalier.pipelines.learners.neural.supernet_family import SUPERNET
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import NEVER, Budget, Deadline
from espalier.pipelines.search.differentiable import (
    ask_supernets,
    refuse_without_networks,
    with_proposals,
)
from espalier.pipelines.search.next_trials import next_trials
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from tests.deep import need_torch
from tests.pipelines.learners.neural.test_convnet import table


@pytest.fixture
def small(monkeypatch):
    need_torch()
    monkeypatch.setattr(convnet_family, "default_epochs", lambda _shape: 5)
    monkeypatch.setattr(supernet_family, "N_STAGES", 2)
    monkeypatch.setattr(supernet_family, "MOST_DEPTH", 2)


def planned(data, **given) -> SearchPlan:
    space = SearchSpace([LEARNERS["linear"], CONVNET], data.shape)
    settings = {"budget": Budget(trials=12), "seed": 3, "n_workers": 1} | given
    return SearchPlan(space=space, strategy="differentiable", **settings)


def asked(data, plan, deadline=NEVER):
    rows = np.arange(len(data))
    fold = Fold(train=rows[:40], valid=rows[40:])
    context = EvaluationContext(
        dataset=data,
        folds=[fold],
        metric=METRICS["log_loss"],
        learners=plan.space.learners,
        helpers=(SUPERNET,),
    )
    with SerialExecutor(context) as executor:
        return ask_supernets(plan, executor, [fold], deadline)


@pytest.mark.parametrize("problem", [ProblemKind.BINARY, ProblemKind.REGRESSION])
def test_the_supernets_three_are_the_first_trials_and_guided_search_follows(small, problem):
    data = table(problem)
    plan = planned(data)
    findings = asked(data, plan)
    assert len(findings.proposed) == 3
    assert "1 supernet(s)" in findings.said
    trials = next_trials(with_proposals(plan, findings), History(METRICS["log_loss"]), NEVER)
    assert [each.origin for each in trials[:3]] == ["differentiable"] * 3
    assert [each.configuration for each in trials[:3]] == list(findings.proposed)
    assert {each.origin for each in trials[3:]} <= {"default", "random", "starter"}
    assert asked(data, plan) == findings


def test_without_time_no_supernet_is_trained_and_it_is_said():
    data = table(ProblemKind.BINARY)
    plan = planned(data, budget=Budget(seconds=20.0))
    findings = asked(data, plan, Deadline.after(20.0))
    assert findings.proposed == ()
    assert "the search went on as guided" in findings.said


def test_where_no_network_can_be_trained_the_search_is_refused():
    refuse_without_networks("guided", [LEARNERS["linear"]])
    refuse_without_networks("differentiable", [LEARNERS["linear"], CONVNET])
    with pytest.raises(UserError, match=r"models of tables and forecasts share none.*choose one"):
        refuse_without_networks("differentiable", [LEARNERS["linear"]])
    with pytest.raises(UserError, match="it needs a column of pictures"):
        AutoMLClassifier(search="differentiable", n_trials=2, time_budget=None).fit(
            np.arange(60.0).reshape(30, 2), np.arange(30) % 2
        )


def test_stages_become_a_configuration_and_back():
    shape = table(ProblemKind.BINARY).shape
    space = SearchSpace([CONVNET], shape)
    rng = np.random.default_rng(0)
    mixed = [each for each in space.sample(60, rng) if each["mixed"]]
    assert len(mixed) > 10
    for each in mixed:
        design = design_of(each.model_values, shape)
        assert 2 <= len(design.plan) <= 4
        again = space.complete("convnet", dict(each) | values_of(design.plan))
        assert design_of(again.model_values, shape) == design
    even = space.default("convnet")
    assert not even["mixed"]
    assert len(design_of(even.model_values, shape).plan) == 3
    plain_first = {"mixed": True, "block": "plain", "stage_2": "residual 3"}
    values = space.complete("convnet", plain_first).model_values
    assert design_of(values, shape).skip  # the later stages have their ways around


def test_the_helper_is_in_no_search_space():
    assert SUPERNET.name not in LEARNERS
    assert replace(SUPERNET, name="convnet").space is CONVNET.space
