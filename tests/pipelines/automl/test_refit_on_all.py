from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.automl.in_process import train_in_process
from espalier.pipelines.automl.refit_on_all import refit_on_all
from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.automl.training_data import prepare_training
from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.resources.budget import Deadline


@pytest.fixture(scope="module")
def trained():
    """A model of 100 of 150 rows, its trials, and the context of all 150 rows."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(150, 4)), columns=list("abcd"))
    table["y"] = np.where(table["a"] + rng.normal(size=150) > 0, "yes", "no")
    assembled = assemble(table, target="y")
    whole, metric = assembled.dataset, get_metric(None, assembled.dataset.problem, 2)
    settings = TrainingSettings(
        time_budget=None, n_trials=4, families=["linear", "lightgbm"], serving="refit"
    )
    data = prepare_training(
        whole.take(np.arange(100)),
        assembled.preparation,
        metric,
        settings,
        n_holdout=50,
        example_rows=None,
    )
    made = train_in_process(data, settings, deadline=Deadline(None))
    known = {each.trial.number: each for each in made.history.results}
    results = [known[member.number] for member in made.model.members]
    context = replace(data.context(memory_limit_mb=None, fold_models=None), dataset=whole)
    return made.model, results, context, table


class Recording(SerialExecutor):
    def fit_members(self, jobs, deadline):
        self.jobs = list(jobs)
        return super().fit_members(jobs, deadline)


def test_the_members_learn_from_all_rows_and_nothing_else_changes(trained):
    model, results, context, table = trained
    executor = Recording(context)
    whole = refit_on_all(model, results, executor, Deadline(None))
    assert [each.number for each in whole.members] == [each.number for each in model.members]
    assert whole.combination == model.combination
    assert whole.adjustments == model.adjustments
    assert all(job.rows is None for job in executor.jobs)
    for job, member in zip(executor.jobs, model.members, strict=True):
        rounds = member.candidates[0].n_iterations_
        assert rounds is None or job.iterations == rounds
    before, now = model.predict_proba(table), whole.predict_proba(table)
    assert not np.allclose(before, now)
    assert np.abs(before - now).mean() < 0.1
    again = refit_on_all(model, results, SerialExecutor(context), Deadline(None))
    np.testing.assert_array_equal(again.predict_proba(table), now)


def test_models_of_folds_stay_as_they_were_scored(trained):
    model, results, context, _ = trained
    first = replace(model.members[0], of_folds=True)
    mixed = replace(model, members=(first, *model.members[1:]))
    found = refit_on_all(mixed, results, SerialExecutor(context), Deadline(None))
    if len(model.members) == 1:
        assert found is None
    else:
        assert found.members[0] == first
    bagged = replace(model, members=tuple(replace(each, of_folds=True) for each in model.members))
    assert refit_on_all(bagged, results, SerialExecutor(context), Deadline(None)) is None


def test_without_time_for_all_members_none_is_refitted(trained):
    model, results, context, _ = trained
    executor = SerialExecutor(context)
    slow = [replace(each, fit_seconds=100.0) for each in results]
    assert refit_on_all(model, slow, executor, Deadline.after(60.0)) is None
    assert refit_on_all(model, results, executor, Deadline.after(-1.0)) is None


def test_a_member_without_its_trial_leaves_the_model_as_it_is(trained):
    model, results, context, _ = trained
    assert refit_on_all(model, results[1:], SerialExecutor(context), Deadline(None)) is None
