"""Smaller forms of a network on pictures are made of itself, with scores of their own."""

from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.data.splitting.folds import Fold
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.evaluate import evaluate_trial
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.finishing.light_models import plan_compressions
from espalier.pipelines.finishing.refit import member_job
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.light.counts import count_model
from espalier.pipelines.learners.neural.convnet_family import CONVNET
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.serialization.sealed_files import new_key
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial
from espalier.pipelines.trials.variant import Compression
from tests.deep import need_torch
from tests.pipelines.learners.neural.test_convnet import SMALL, table

need_torch()

DATA = table(ProblemKind.BINARY)
SPACE = SearchSpace([CONVNET], DATA.shape)
CONFIGURATION = SPACE.complete("convnet", SMALL | {"width": 24})


def candidate(**given) -> Candidate:
    return Candidate(CONFIGURATION, CONVNET, DATA.roles, DATA.shape, 1, **given)


@pytest.fixture(scope="module")
def whole() -> Candidate:
    return candidate().fit(DATA.X, DATA.y)


def test_eight_bits_are_those_of_the_parent_which_is_not_trained_again(whole):
    small = candidate(in_eight_bits=True).fit(DATA.X, DATA.y, parent=whole)
    assert small.model_.losses_ == ()
    assert small.n_iterations_ == whole.n_iterations_
    assert len(small.model_.stored_) < 0.6 * len(whole.model_.stored_)
    np.testing.assert_allclose(
        small.predict_scores(DATA.X), whole.predict_scores(DATA.X), atol=0.05
    )
    alone = candidate(in_eight_bits=True).fit(DATA.X, DATA.y)  # without one it is trained
    np.testing.assert_array_equal(small.predict_scores(DATA.X), alone.predict_scores(DATA.X))


def test_layers_of_low_rank_are_mended_by_a_few_epochs(whole):
    small = candidate(rank_share=0.25).fit(DATA.X, DATA.y, parent=whole)
    assert len(small.model_.losses_) == 3
    assert count_model(small.model_).parameters < 0.6 * count_model(whole.model_).parameters
    assert count_model(small.model_).operations < count_model(whole.model_).operations
    agree = small.predict_scores(DATA.X).argmax(axis=1) == whole.predict_scores(DATA.X).argmax(1)
    assert agree.mean() > 0.9


def test_a_network_without_half_of_its_channels_is_an_ordinary_narrower_one(whole):
    small = candidate(channel_share=0.5).fit(DATA.X, DATA.y, parent=whole)
    assert len(small.model_.losses_) == 3
    assert len(small.model_.network_.steps) == len(whole.model_.network_.steps)
    assert count_model(small.model_).parameters < 0.5 * count_model(whole.model_).parameters
    assert len(small.model_.stored_) < 0.6 * len(whole.model_.stored_)
    agree = small.predict_scores(DATA.X).argmax(axis=1) == whole.predict_scores(DATA.X).argmax(1)
    assert agree.mean() > 0.9
    alone = candidate(channel_share=0.5).fit(DATA.X, DATA.y)  # without a parent it is trained first
    assert alone.model_.network_ == small.model_.network_


def test_half_of_the_channels_in_eight_bits_is_smaller_than_either(whole):
    given = [{"channel_share": 0.5}, {"in_eight_bits": True}]
    narrow, coarse, both = (
        candidate(**each).fit(DATA.X, DATA.y, parent=whole)
        for each in (*given, given[0] | given[1])
    )
    sizes = [len(each.model_.stored_) for each in (both, coarse, narrow)]
    assert sizes[0] < min(sizes[1:])
    assert both.model_.network_ == narrow.model_.network_
    agree = both.predict_scores(DATA.X).argmax(1) == narrow.predict_scores(DATA.X).argmax(1)
    assert agree.mean() > 0.9


def test_a_refit_is_trained_on_its_rows_before_it_becomes_smaller(whole):
    job = candidate(in_eight_bits=True, iterations=2).fit(DATA.X, DATA.y, parent=whole)
    assert job.n_iterations_ > whole.n_iterations_


def test_both_are_trials_with_scores_sizes_and_latencies_of_their_own(tmp_path):
    rows = np.arange(len(DATA))
    folds = [Fold(train=rows[:40], valid=rows[40:]), Fold(train=rows[20:], valid=rows[:20])]
    context = EvaluationContext(
        dataset=DATA,
        folds=folds,
        metric=METRICS["log_loss"],
        learners=(CONVNET,),
        fold_models=FoldModels(tmp_path, new_key()),
    )
    first = evaluate_trial(Trial(number=0, configuration=CONFIGURATION, seed=3), context).result
    history = History(METRICS["log_loss"], (first,))
    planned = plan_compressions(history, [0], seconds=np.inf, n_workers=1)
    made = [(each.variant.method, each.variant.share) for each in planned]
    assert made == [
        (Compression.EIGHT_BITS, 1.0),
        (Compression.PRUNED, 0.5),
        (Compression.PRUNED_EIGHT_BITS, 0.5),
        (Compression.LOW_RANK, 0.5),
        (Compression.LOW_RANK, 0.25),
    ]
    results = [evaluate_trial(each, context).result for each in planned]
    assert all(each.succeeded for each in results)
    assert all(each.parameters <= first.parameters for each in results)
    assert max(results[at].size_mb for at in (0, 1, 2, 4)) < first.size_mb
    assert len({each.score for each in (first, *results)}) == 6
    assert all(each.row_ms > 0 for each in results)
    assert results[0].iterations == first.iterations  # its networks are those of the folds' models
    assert member_job(results[0]).in_eight_bits
    assert member_job(results[1]).channel_share == 0.5
    both = member_job(results[2])
    assert (both.channel_share, both.in_eight_bits) == (0.5, True)
    assert member_job(results[3]).rank_share == 0.5


def test_without_much_time_the_cheapest_form_is_made():
    rows = np.arange(len(DATA))
    folds = [Fold(train=rows[:40], valid=rows[40:])]
    context = EvaluationContext(
        dataset=DATA, folds=folds, metric=METRICS["log_loss"], learners=(CONVNET,)
    )
    first = evaluate_trial(Trial(number=0, configuration=CONFIGURATION, seed=3), context).result
    history = History(METRICS["log_loss"], (replace(first, seconds=10.0),))
    (trial,) = plan_compressions(history, [0], seconds=1.5, n_workers=1)
    assert trial.variant.in_eight_bits
