from dataclasses import replace

import numpy as np

from espalier.pipelines.search.limits.admission import Admission
from espalier.pipelines.search.limits.memory_model import MemoryModel
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.trials.trial import Trial, TrialStatus
from tests.pipelines.search.conftest import answer, new_space


def seen(space, family, mb, number=0, status=TrialStatus.SUCCESS):
    trial = Trial(number=number, configuration=space.default(family), seed=0)
    score = 0.5 if status is TrialStatus.SUCCESS else None
    return replace(answer(trial, score, seconds=1.0, status=status), memory_mb=mb)


def expected(space, history, family):
    return float(MemoryModel.fit(space, history).expected_mb([space.default(family)])[0])


def test_more_rows_and_forests_take_more(history):
    small, large = new_space(n_rows=1_000), new_space(n_rows=400_000)
    assert expected(small, history, "linear") < expected(large, history, "linear")
    assert expected(large, history, "linear") < expected(large, history, "extra_trees")


def test_what_was_seen_corrects_the_family(space, history):
    before = expected(space, history, "mlp")
    history = history.extend(
        [seen(space, "linear", 200.0, 0)] + [seen(space, "mlp", 3_000.0, n) for n in (1, 2, 3)]
    )
    assert before < 400.0
    assert expected(space, history, "mlp") > 1_000.0
    assert expected(space, history, "bayes") < 400.0


def test_what_will_not_fit_is_not_started(space, history):
    families = [space.default(family) for family in space.families]
    history = history.extend(
        [seen(space, "linear", 200.0, 0)]
        + [seen(space, "mlp", 2_000.0, n, TrialStatus.MEMOUT) for n in (1, 2)]
        + [seen(space, "mlp", 2_500.0, 3)]
    )
    free = Admission.of(space, history, 1e6, 1)
    bound = Admission.of(space, history, 1e6, 1, memory_limit_mb=500.0)
    barred = free.admitted(families) & ~bound.admitted(families)
    assert [space.families[k] for k in np.flatnonzero(barred)] == ["mlp"]


def test_where_nothing_can_fit_the_cheapest_is_tried_all_the_same(space, history):
    options = {"n": 4, "seed": 0, "expected_seconds_limit": 100.0, "memory_limit_mb": 1.0}
    first = propose_trials(space, history, **options)
    assert len(first) == 1
    failed = history.extend([answer(first[0], status=TrialStatus.MEMOUT)])
    assert len(propose_trials(space, failed, **options)) == 1


def test_after_all_defaults_have_failed_chance_is_tried_while_there_is_time(space, history):
    for number, family in enumerate(space.families):
        trial = Trial(number=number, configuration=space.default(family), seed=0)
        result = answer(trial, seconds=50.0, status=TrialStatus.TIMEOUT)
        history = history.extend([result])
    (tried,) = propose_trials(space, history, n=4, seed=0, expected_seconds_limit=0.5)
    assert tried.origin == "random"
    assert tried.configuration not in history.configurations
