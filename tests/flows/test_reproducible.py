"""Without a clock, the same trials, scores and ensemble at 1, 2 and 4 workers, bit for bit."""

import numpy as np
import pandas as pd
import pytest

from espalier.infra.cluster.cluster import open_cluster
from espalier.infra.cluster.executor import DaskExecutor
from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.splitting.splits import plan_folds
from espalier.pipelines.ensemble.choose import choose_ensemble
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.loop import run_search
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.space.joint import SearchSpace

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

# Families whose scores depend on where or beside what they run; there is none.
NOT_IDENTICAL: set[str] = set()
N_TRIALS = 14


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(3)
    n = 150
    table = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"))
    table["kind"] = rng.choice(["red", "green", "blue"], n)
    table.loc[rng.random(n) < 0.1, "b"] = np.nan
    table["y"] = np.where(table["a"] + (table["kind"] == "red") + rng.normal(size=n) > 0, "p", "q")
    return table


def run(table, n_workers):
    dataset = assemble(table, target="y").dataset
    metric = get_metric(None, dataset.problem, dataset.n_classes)
    learners = choose_learners(None, dataset.shape)
    context = EvaluationContext(
        dataset=dataset,
        folds=plan_folds(dataset, seed=integer_seed(0, "folds")),
        metric=metric,
        learners=learners,
    )
    kept = {}
    with open_cluster(None, n_workers) as client, DaskExecutor(client, context) as executor:
        plan = SearchPlan(
            space=SearchSpace(learners, dataset.shape),
            budget=Budget(trials=N_TRIALS),
            seed=0,
            n_workers=executor.n_workers,
        )
        history = run_search(
            plan,
            executor,
            metric,
            deadline=Deadline(None),
            on_result=lambda each: kept.update({each.result.trial.number: each.predictions}),
        )
    choice = choose_ensemble(
        history.ordered,
        {each.trial.number: kept[each.trial.number] for each in history.successes},
        dataset=dataset,
        metric=metric,
        seed=0,
    )
    return {each.name for each in learners}, history, kept, choice


def test_the_number_of_workers_changes_nothing(table):
    families, alone, kept_alone, choice_alone = run(table, 1)
    tried = {each.trial.configuration.family for each in alone.successes}
    assert tried == families, "every family has a score to compare"
    different = set()
    for n_workers in (2, 4):
        _, several, kept, choice = run(table, n_workers)
        assert [each.trial for each in several.ordered] == [each.trial for each in alone.ordered]
        for one, other in zip(alone.ordered, several.ordered, strict=True):
            number = one.trial.number
            same = one.fold_scores == other.fold_scores and (
                kept[number] is None or np.array_equal(kept[number], kept_alone[number])
            )
            if not same:
                different.add(one.trial.configuration.family)
        assert choice.members == choice_alone.members
        assert choice.rule.weights == choice_alone.rule.weights
    assert different == NOT_IDENTICAL
