from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.recording.design import RecordingDesign, filling, next_to_record
from espalier.pipelines.experience.recording.space_alignment import space_of
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult, TrialStatus


@pytest.fixture(scope="module")
def dataset(maker):
    return maker.dataset(0)


def evaluated(dataset, trials):
    return [
        TrialResult(
            trial=trial,
            status=TrialStatus.SUCCESS,
            score=0.5 + trial.number / 1_000,
            fold_scores=(0.5, 0.6, 0.5),
            seconds=0.5,
        )
        for trial in trials
    ]


def test_defaults_first_then_families_by_turns(dataset, maker):
    space = space_of(dataset.shape)
    plan = filling(space, maker.design(100))
    n = len(space.families)
    assert plan[:n] == [space.default(family) for family in space.families]
    assert len(set(plan)) == len(plan) == 70
    n += sum(len(space.starters(family)) for family in space.families)
    counts = Counter(each.family for each in plan[n:])
    # bayes and the like have few different ones; the others share the rest evenly
    many = sorted(counts.values())[-6:]
    assert many[-1] - many[0] <= 1


def test_the_sequence_fills_the_space(dataset, maker):
    space = space_of(dataset.shape)
    plan = [each for each in filling(space, maker.design(400)) if each.family == "lightgbm"]
    X = space.encode(plan)
    column = X[:, list(space.coordinates).index("lightgbm:learning_rate")]
    counts = np.histogram(column, bins=4, range=(0, 1))[0]
    assert counts.min() >= len(plan) // 4 - 2


def test_tables_of_a_task_try_the_same_configurations(dataset, maker):
    """So that a portfolio can compare them; what a table lacks is left out."""
    narrow, wide = dataset.shape, replace(dataset.shape, n_columns=14, n_text=2, has_missing=True)
    plans = [filling(space_of(shape), maker.design(60)) for shape in (narrow, wide)]
    own = {each.family: [] for each in plans[0]}
    for plan, store in zip(plans, ({}, {}), strict=True):
        for each in plan[10:]:
            store.setdefault(each.family, []).append(each.model_values)
        own = store if plan is plans[0] else own
    assert own["lightgbm"] == store["lightgbm"][: len(own["lightgbm"])]


def test_a_build_that_was_stopped_goes_on_as_if_it_had_not_been(dataset):
    space = space_of(dataset.shape)
    design = RecordingDesign(n_configurations=24, seconds=20.0, n_folds=3, seed=1)

    def run(history, n, stop=10_000):
        while len(history) < stop:
            trials = next_to_record(space, history, design, n)
            if not trials:
                break
            history = history.extend(evaluated(dataset, trials))
        return history

    straight = run(History(dataset.scored_by), 4)
    stopped = run(run(History(dataset.scored_by), 4, stop=8), 4)
    assert len(straight) == 24
    assert stopped.configurations == straight.configurations
    origins = Counter(each.trial.origin for each in straight.results)
    assert origins["default"] == len(space.families)
    blind = ("default", "starter", "sobol")
    assert sum(count for name, count in origins.items() if name not in blind) == 7
    assert all(each.trial.seconds_limit == 20.0 for each in straight.results)


def test_a_family_that_always_fails_is_given_up(dataset, maker):
    space = space_of(dataset.shape)
    design = maker.design(60)
    history = History(dataset.scored_by)
    while trials := next_to_record(space, history, design, 8):
        results = evaluated(dataset, trials)
        history = history.extend(
            TrialResult(trial=each.trial, status=TrialStatus.FAILED, seconds=1.0)
            if each.trial.configuration.family == "svm"
            else each
            for each in results
        )
    tried = Counter(each.trial.configuration.family for each in history.results)
    assert tried["svm"] == 3
    assert len(history) == 60


@pytest.mark.parametrize("problem", list(ProblemKind))
def test_every_task_has_a_plan(dataset, maker, problem):
    classes = {ProblemKind.BINARY: 2, ProblemKind.MULTICLASS: 4, ProblemKind.REGRESSION: 1}
    shape = replace(dataset.shape, problem=problem, n_classes=classes[problem])
    space = space_of(shape)
    assert {each.family for each in filling(space, maker.design(40))} == set(space.families)


def test_some_families_are_recorded_on_top_of_the_others(dataset, maker):
    """What is new to the space joins a store that is full."""
    space = space_of(dataset.shape)
    others = evaluated(
        dataset, next_to_record(space, History(dataset.scored_by), maker.design(20), 20)
    )
    history = History(dataset.scored_by, tuple(others))
    history = History(
        history.metric,
        tuple(each for each in history.results if each.trial.configuration.family != "realmlp"),
    )
    design = replace(maker.design(8), families=("realmlp",))
    found = []
    while trials := next_to_record(space, history, design, 3):
        found += trials
        history = history.extend(evaluated(dataset, trials))
    assert {each.configuration.family for each in found} == {"realmlp"}
    assert len({each.configuration for each in found}) == 8
    assert found[0].configuration == space.default("realmlp")
    numbers = [each.number for each in found]
    first = max(
        each.trial.number for each in others if each.trial.configuration.family != "realmlp"
    )
    assert numbers == list(range(first + 1, first + 9))


def test_starters_follow_the_defaults(dataset, maker):
    space = space_of(dataset.shape)
    plan = filling(space, maker.design(100))
    starters = [each for family in space.families for each in space.starters(family)]
    n = len(space.families)
    assert plan[n : n + len(starters)] == starters


def test_an_unknown_family_is_refused(maker):
    with pytest.raises(UserError, match="unknown family 'lightgmb'; did you mean 'lightgbm'"):
        replace(maker.design(8), families=("lightgmb",))
