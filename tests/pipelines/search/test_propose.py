import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.errors import UserError
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.search.strategies.initial_design import LEADERS
from espalier.pipelines.search.strategies.names import ASCENT, CANDIDATES, STRATEGIES
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.cost import CostModel
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialStatus
from tests.pipelines.search.conftest import answer, landscape, new_space


def grown(space, history, n, *, strategy="forest", seed=0, timed=False):
    """Return the history after ``n`` trials on the made-up landscape.

    ``timed`` trials took the seconds that the space expects of them.
    """
    score = landscape(space)

    def seconds(trial):
        return space.expected_seconds(trial.configuration) if timed else 0.0

    while len(history) < n:
        batch = propose_trials(
            space, history, n=min(4, n - len(history)), seed=seed, strategy=strategy
        )
        history = history.extend(
            answer(trial, score(trial.configuration), seconds=seconds(trial)) for trial in batch
        )
    return history


class Flat:
    """Experience that expects the same of everything."""

    def mean(self, X):
        return np.zeros(len(X))

    def mean_gradient(self, X):
        return np.zeros(len(X)), np.zeros_like(X)


def test_where_experience_says_what_the_others_are_worth_only_the_leaders_defaults_come(
    space, history
):
    score = landscape(space)
    for _ in range(4):
        batch = propose_trials(space, history, n=4, seed=0, strategy="guided", prior=Flat())
        history = history.extend(answer(each, score(each.configuration)) for each in batch)
    defaults = [each.trial for each in history.ordered if each.trial.origin == "default"]
    assert [each.configuration.family for each in defaults] == [*LEADERS, "realmlp"]
    small = SearchSpace(
        tuple(each for each in space.learners if each.name in ("knn", "bayes")), space.shape
    )
    batch = propose_trials(small, History(history.metric), n=2, seed=0, prior=Flat())
    assert [trial.origin for trial in batch] == ["default", "default"]


def test_trials_say_what_they_are_expected_to_gain_and_where_they_end(space, history):
    score = landscape(space)
    for number in range(3):
        batch = propose_trials(space, history, n=8, seed=0, strategy="gp", n_folds=2, racing=True)
        expected = [each.expected_gain for each in batch if each.origin in (ASCENT, CANDIDATES)]
        assert all(each is None or each >= 0 for each in expected)
        assert any(each is not None for each in expected) or number < 2
        assert all(len(each.floors) == (0 if number == 0 else 1) for each in batch)
        results = []
        for each in batch:
            gain = score(each.configuration)
            result = answer(each, gain)
            results.append(replace(result, fold_scores=(gain - 0.01, gain + 0.01)))
        history = history.extend(results)


def test_the_leaders_defaults_come_first_then_the_others_then_something_else(space, history):
    batch = propose_trials(space, history, n=4, seed=0)
    assert [trial.configuration for trial in batch] == [space.default(name) for name in LEADERS]
    assert [trial.number for trial in batch] == [0, 1, 2, 3]
    assert len({trial.seed for trial in batch}) == 4
    n_families = len(space.families)
    history = grown(space, history, n_families + 4)
    origins = [result.trial.origin for result in history.ordered]
    assert origins[:n_families] == ["default"] * n_families
    assert "default" not in origins[n_families:]


def test_after_the_defaults_come_the_leaders_starters_unless_time_is_short(space, history):
    starters = [each for name in LEADERS for each in space.starters(name)]
    assert starters
    n_first = len(space.families) + len(starters)
    grown_ = grown(space, history, n_first + 2)
    started = [each.trial for each in grown_.ordered if each.trial.origin == "starter"]
    assert [each.configuration for each in started] == starters
    assert [each.number for each in started] == list(range(len(space.families), n_first))
    short = propose_trials(
        space, history, n=40, seed=0, seconds_limit=0.2, expected_seconds_limit=0.2
    )
    assert "starter" not in {each.origin for each in short}


def test_a_warm_start_comes_before_the_defaults(space, history):
    favourites = space.sample(2, np.random.default_rng(0))
    batch = propose_trials(space, history, n=3, seed=0, warm_start=favourites)
    assert [trial.origin for trial in batch] == ["warm_start", "warm_start", "default"]
    assert [trial.configuration for trial in batch[:2]] == favourites


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_proposal_is_a_function_of_its_inputs(space, history, strategy):
    history = grown(space, history, 16, strategy=strategy)
    first, second = (
        propose_trials(space, history, n=4, seed=3, strategy=strategy) for _ in range(2)
    )
    assert first == second
    other = propose_trials(space, history, n=4, seed=4, strategy=strategy)
    assert [t.configuration for t in other] != [t.configuration for t in first]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nothing_is_tried_twice_however_it_ended(space, history, strategy):
    failed = Trial(number=0, configuration=space.default("linear"), seed=0)
    history = history.extend([answer(failed)])
    history = grown(space, history, 32, strategy=strategy)
    tried = [result.trial.configuration for result in history.ordered]
    assert len(set(tried)) == len(tried) == 32


def test_until_there_is_a_model_a_clock_wants_one_of_each_family(space, history):
    rng = np.random.default_rng(0)
    drawn = space.sample(200, rng)
    warm = [
        *[each for each in drawn if each.family == "lightgbm"][:3],
        *[each for each in drawn if each.family == "linear"][:2],
    ]
    limits = {"seconds_limit": 1e6, "expected_seconds_limit": 1e6}

    def proposed(history, **options):
        trials = propose_trials(space, history, n=4, seed=0, warm_start=warm, **options)
        return [each.configuration for each in trials]

    first = proposed(history, **limits)
    assert first[:2] == [warm[0], warm[3]]
    assert len({each.family for each in first}) == 4
    assert proposed(history) == warm[:4]  # nobody waits for a model
    stopped = history.extend(
        answer(Trial(number=number, configuration=each, seed=0), status=TrialStatus.TIMEOUT)
        for number, each in enumerate(first)
    )
    assert not {each.family for each in first} & {
        each.family for each in proposed(stopped, **limits)
    }
    found = stopped.extend(
        [answer(Trial(number=4, configuration=space.default("svm"), seed=0), 0.5)]
    )
    assert proposed(found, **limits)[:3] == [warm[1], warm[2], warm[4]]


def test_what_differs_without_effect_is_tried_once(history):
    shape = DatasetShape(
        problem=ProblemKind.BINARY,
        n_rows=900,
        n_columns=1,
        n_text=1,
        n_classes=2,
        smallest_class=400,
    )
    space = SearchSpace((LEARNERS["linear"],), shape)
    sparse = dict(space.default("linear"))
    assert sparse["prep_text"] == "tfidf"
    alike = [
        Configuration.of("linear", sparse | {"prep_projection": each})
        for each in ("none", "pca", "kernel")
    ]
    dense = [
        Configuration.of("linear", sparse | {"prep_text": "svd", "prep_projection": each})
        for each in ("none", "pca")
    ]
    trials = propose_trials(space, history, n=4, seed=0, warm_start=[*alike, *dense])
    warm = [each.configuration for each in trials if each.origin == "warm_start"]
    assert warm == [alike[0], *dense]


def test_pending_trials_keep_their_numbers_and_configurations(space, history):
    pending = propose_trials(space, history, n=3, seed=0)
    batch = propose_trials(space, history, n=3, seed=0, pending=pending)
    assert [trial.number for trial in batch] == [3, 4, 5]
    assert not {t.configuration for t in batch} & {t.configuration for t in pending}


def test_about_a_fifth_is_drawn_at_random(space, history):
    history = grown(space, history, 40)
    first = len(space.families) + sum(len(space.starters(name)) for name in LEADERS)
    later = [result.trial.origin for result in history.ordered[first:]]
    assert set(later) == {"random", "surrogate"}
    assert 0.1 < later.count("random") / len(later) < 0.3


def test_the_forest_finds_better_than_chance(space, history):
    # One search may be unlucky: several of each.
    def best(strategy):
        return [
            grown(space, history, 40, strategy=strategy, seed=seed).best.score for seed in range(4)
        ]

    assert np.mean(best("forest")) > np.mean(best("random"))


def test_a_family_that_only_fails_is_given_up(space, history):
    bad = space.sample_family("svm", 3, np.random.default_rng(0))
    history = history.extend(
        answer(Trial(number=n, configuration=each, seed=0)) for n, each in enumerate(bad)
    )
    history = grown(space, history, 32)
    assert "svm" not in {r.trial.configuration.family for r in history.ordered[3:]}


def test_limits_are_handed_to_the_trials(space, history):
    batch = propose_trials(space, history, n=2, seed=0, seconds_limit=7.5)
    assert {trial.seconds_limit for trial in batch} == {7.5}


class TestShortOfTime:
    """A quarter of a million rows, many classes, a few seconds."""

    @pytest.fixture(scope="class")
    @classmethod
    def large(cls):
        return new_space(n_rows=200_000, n_classes=20)

    def test_leaders_that_can_stop_early_come_first_then_what_fits(self, large, history):
        limit = 20.0
        batch = propose_trials(large, history, n=4, seed=0, expected_seconds_limit=limit)
        families = [trial.configuration.family for trial in batch]
        assert families[:2] == ["lightgbm", "extra_trees"]
        costs = CostModel.fit(large, history)
        others = [trial.configuration for trial in batch[2:]]
        assert costs.fits(others, limit).all()
        assert (np.diff(costs.log_seconds(others)) >= 0).all()

    def test_what_cannot_fit_is_not_started(self, large, history):
        first = Trial(number=0, configuration=large.default("extra_trees"), seed=0)
        history = history.extend([answer(first, 0.5, seconds=5.0)])
        for number in range(4):
            batch = propose_trials(large, history, n=4, seed=number, expected_seconds_limit=0.01)
            assert batch == []

    def test_without_any_model_the_cheapest_is_tried_whatever_it_costs(self, history):
        wide = new_space(n_rows=200_000, n_classes=20)
        patient = [each for each in wide.learners if not each.anytime]
        space = SearchSpace(patient, wide.shape)
        (only,) = propose_trials(space, history, n=4, seed=0, expected_seconds_limit=0.01)
        cheapest = min(map(space.default, space.families), key=space.expected_seconds)
        assert only.configuration == cheapest

    def test_a_family_that_gave_a_model_in_time_is_believed_more_than_its_estimate(
        self, large, history
    ):
        limit = 0.001 * large.expected_seconds(large.default("lightgbm"))
        families = {"lightgbm": 0.9, "extra_trees": 0.8}
        history = history.extend(
            answer(
                Trial(number=n, configuration=large.default(name), seed=0, seconds_limit=limit),
                score,
                seconds=0.9 * limit,
            )
            for n, (name, score) in enumerate(families.items())
        )
        batch = propose_trials(large, history, n=4, seed=0, expected_seconds_limit=limit)
        near = [trial for trial in batch if trial.origin == "neighbour"]
        assert near
        assert {trial.configuration.family for trial in near} == {"lightgbm"}

    def test_time_limits_do_not_touch_a_search_bounded_by_trials(self, space, history):
        history = grown(space, history, 12)
        slow = History(
            history.metric,
            tuple(
                answer(r.trial, r.score, seconds=100.0 * (r.trial.number + 1))
                for r in history.ordered
            ),
        )
        assert propose_trials(space, history, n=4, seed=0) == propose_trials(
            space, slow, n=4, seed=0
        )

    def test_dear_configurations_are_avoided_early_in_a_run(self, space, history):
        def mean_cost(limit):
            batches = [
                propose_trials(
                    space,
                    grown(space, history, 20, timed=True),
                    n=4,
                    seed=k,
                    strategy="forest",
                    expected_seconds_limit=limit,
                )
                for k in range(4)
            ]
            return np.mean(
                [
                    np.log(space.expected_seconds(trial.configuration))
                    for batch in batches
                    for trial in batch
                    if trial.origin in ("surrogate", ASCENT, CANDIDATES)
                ]
            )

        assert mean_cost(1e6) < mean_cost(None)


def test_timeouts_count_against_a_family_too(space, history):
    bad = space.sample_family("knn", 3, np.random.default_rng(0))
    history = history.extend(
        answer(Trial(number=n, configuration=c, seed=0), status=TrialStatus.TIMEOUT, seconds=1.0)
        for n, c in enumerate(bad)
    )
    batch = propose_trials(space, history, n=12, seed=0)
    assert "knn" not in {trial.configuration.family for trial in batch}


def test_an_unknown_strategy_is_refused(space, history):
    with pytest.raises(UserError, match=r"unknown search 'psychic'; choose one of: guided"):
        propose_trials(space, history, n=1, seed=0, strategy="psychic")


def test_proposals_do_not_depend_on_how_a_process_hashes_strings():
    code = (
        "from tests.pipelines.search.test_propose import grown, new_space\n"
        "from espalier.pipelines.metrics.catalogue import METRICS\n"
        "from espalier.pipelines.trials.history import History\n"
        "found = grown(new_space(), History(METRICS['roc_auc']), 24)\n"
        "print([each.trial.configuration.digest for each in found.ordered])"
    )
    shown = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert shown[0] == shown[1]
