"""Networks start from those of earlier trials, on the same folds, where time ends the search."""

import numpy as np
import pytest

from espalier.pipelines.data.splitting.splits import plan_folds
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.evaluate import evaluate_trial, fit_member
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.learners.neural.convnet_family import CONVNET
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.serialization.sealed_files import new_key
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.trial import Trial
from tests.deep import need_torch
from tests.pipelines.learners.neural.test_convnet import SMALL, table

DATA = table(ProblemKind.BINARY)
SPACE = SearchSpace([LEARNERS["bayes"], CONVNET], DATA.shape)


@pytest.fixture
def context(tmp_path):
    return EvaluationContext(
        dataset=DATA,
        folds=plan_folds(DATA, seed=0, n_folds=2),
        metric=METRICS["log_loss"],
        learners=SPACE.learners,
        fold_models=FoldModels(tmp_path, new_key()),
    )


def trial(number, family="convnet", seconds=100.0, **values):
    given = SMALL | values if family == "convnet" else values
    configuration = SPACE.complete(family, given)
    return Trial(number=number, configuration=configuration, seed=number, seconds_limit=seconds)


def test_the_best_of_a_family_is_found(context):
    models = context.fold_models
    models.keep(trial(0), ["worse"], gain=-2.0)
    models.keep(trial(1, epochs=7), ["better"], gain=-1.0)
    models.keep(trial(2, "bayes"), ["best"], gain=-0.5)
    assert models.best_of("convnet") == ("better",)
    assert models.best_of("bayes") == ("best",)
    assert models.best_of("knn") == ()
    assert models.load_of(0, trial(0).configuration) == ("worse",)


def test_a_later_network_starts_from_an_earlier_one_where_time_ends_the_search(context):
    need_torch()
    first = evaluate_trial(trial(0), context).result
    assert first.error is None
    again = evaluate_trial(trial(1, epochs=5), context).result
    # Three epochs of its own, after those of the network of the same fold.
    assert all(np.array(again.iterations) > first.iterations)
    untimed = evaluate_trial(trial(2, epochs=5, seconds=None), context).result
    assert max(untimed.iterations) <= 5


def test_a_refit_starts_from_the_trials_own_network(context):
    need_torch()
    asked = trial(0)
    evaluate_trial(asked, context)
    job = MemberJob(trial_number=0, configuration=asked.configuration, seed=0, iterations=6)
    fitted = fit_member(job, context)
    assert fitted.n_iterations_ > 3
    (first, *_) = context.fold_models.load(asked)
    assert fitted.n_iterations_ == first.n_iterations_ + 3
    # A fold's model, which is to serve, has no parent that saw other rows.
    part = MemberJob(
        trial_number=0,
        configuration=asked.configuration,
        seed=0,
        iterations=6,
        rows=np.arange(30),
    )
    assert fit_member(part, context).n_iterations_ == 6
