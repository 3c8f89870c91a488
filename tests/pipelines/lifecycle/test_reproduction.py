"""A model made again from its record is the same; from another record it is not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.automl.in_process import train_in_process
from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.automl.training_data import prepare_training
from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.splitting.splits import plan_folds
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.finishing.refit import seed_jobs
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.lifecycle.reproduction import Agreement, compare_arrays, reproduce, worst
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.trials.configuration import Configuration


@pytest.fixture(scope="module")
def made():
    return make("auto")


def make(serving):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(120, 4)), columns=list("abcd"))
    table["y"] = np.where(table["a"] + rng.normal(size=120) > 0, "yes", "no")
    assembled = assemble(table, target="y")
    dataset = assembled.dataset
    metric = get_metric(None, dataset.problem, dataset.n_classes)
    settings = TrainingSettings(
        time_budget=None,
        n_trials=5,
        families=["linear", "extra_trees", "lightgbm"],
        serving=serving,
    )
    data = prepare_training(
        dataset, assembled.preparation, metric, settings, n_holdout=0, example_rows=None
    )
    trained = train_in_process(data, settings, deadline=Deadline(None))
    context = EvaluationContext(
        dataset=dataset,
        folds=plan_folds(dataset, seed=integer_seed(0, "folds")),
        metric=metric,
        learners=choose_learners(["linear", "extra_trees", "lightgbm"], dataset.shape),
    )
    known = {each.trial.number: each for each in trained.history.results}
    results = [known[member.number] for member in trained.model.members]
    return trained.model, results, context, assembled.preparation, table.drop(columns="y")


def again(made, results):
    model, _, context, preparation, rows = made
    with SerialExecutor(context) as executor:
        return reproduce(
            model,
            results,
            executor,
            preparation=preparation,
            holdout_rows=rows,
            folds=context.folds,
        )


def test_the_record_makes_the_same_model(made):
    found = again(made, made[1])
    assert found.agreement is Agreement.IDENTICAL
    assert found.largest_difference == 0.0
    assert [each.trial for each in found.members] == [each.number for each in made[0].members]
    np.testing.assert_array_equal(found.scores, made[0].predict_scores(made[4]))


def test_fold_models_are_fitted_to_their_folds_again():
    bagged = make("bagged")
    assert {len(member.candidates) for member in bagged[0].members} == {5}
    assert all(member.of_folds for member in bagged[0].members)
    assert again(bagged, bagged[1]).agreement is Agreement.IDENTICAL


def test_refits_of_other_seeds_are_fitted_again(made):
    model, results, context, _, _ = made
    places = [n for n, each in enumerate(model.members) if each.family == "lightgbm"]
    assert places
    member, result = model.members[places[0]], results[places[0]]
    with SerialExecutor(context) as executor:
        several = executor.fit_members(seed_jobs(result, 3), Deadline(None))
    members = list(model.members)
    members[places[0]] = replace(member, candidates=tuple(several))
    found = again((replace(model, members=tuple(members)), *made[1:]), results)
    assert found.agreement is Agreement.IDENTICAL
    assert found.largest_difference == 0.0


def test_another_record_does_not(made):
    scores = tuple(0.5 * score for score in made[1][0].fold_scores)
    wrong = [replace(made[1][0], fold_scores=scores), *made[1][1:]]
    found = again(made, wrong)
    assert found.members[0].scores is Agreement.DIFFERENT
    assert found.members[0].predictions is Agreement.IDENTICAL
    assert found.agreement is Agreement.DIFFERENT


def test_another_seed_and_configuration_make_another_model(made):
    first = made[1][0]
    values = {
        name: value * 0.25 if isinstance(value, float) else value
        for name, value in first.trial.configuration.items()
    }
    configuration = Configuration.of(first.trial.configuration.family, values)
    trial = replace(first.trial, configuration=configuration, seed=first.trial.seed + 1)
    found = again(made, [replace(first, trial=trial), *made[1][1:]])
    assert found.members[0].predictions is not Agreement.IDENTICAL
    assert found.agreement is not Agreement.IDENTICAL
    assert found.largest_difference > 0.0


@pytest.mark.parametrize(
    ("now", "agreement"),
    [
        ([1.0, np.nan, 3.0], Agreement.IDENTICAL),
        ([1.0, np.nan, 3.0001], Agreement.CLOSE),
        ([1.0, np.nan, 3.1], Agreement.DIFFERENT),
        ([1.0, 2.0, 3.0], Agreement.DIFFERENT),
        ([1.0, np.nan], Agreement.DIFFERENT),
    ],
)
def test_how_numbers_compare(now, agreement):
    assert compare_arrays([1.0, np.nan, 3.0], now) is agreement


def test_the_worst_counts():
    assert worst([Agreement.CLOSE, Agreement.IDENTICAL]) is Agreement.CLOSE
    assert worst([]) is Agreement.IDENTICAL
