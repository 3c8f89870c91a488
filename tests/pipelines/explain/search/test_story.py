"""The story of searches whose trials are made, so that what is to be told is known."""

import numpy as np
import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.explain.search.relatives import relatives
from espalier.pipelines.explain.search.setting_importance import clipped, setting_importances
from espalier.pipelines.explain.search.story import tell_search
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


@pytest.fixture(scope="module")
def space():
    shape = DatasetShape(
        problem=ProblemKind.BINARY, n_rows=500, n_columns=8, n_classes=2, smallest_class=200
    )
    return SearchSpace(choose_learners(["lightgbm", "knn"], shape), shape)


def result(number, configuration, score, *, origin="random", expected=None, folds=3):
    done = score is not None
    return TrialResult(
        trial=Trial(
            number=number,
            configuration=configuration,
            seed=0,
            origin=origin,
            expected_gain=expected,
        ),
        status=TrialStatus.SUCCESS if done else TrialStatus.FAILED,
        fold_scores=(score,) * folds if done else (),
        score=score,
        score_std=0.03 if done else None,
        seconds=2.0,
    )


def history(results, metric="roc_auc"):
    return History(METRICS[metric], tuple(results))


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss"])
def test_the_only_setting_that_counts_has_all_of_the_variance(space, metric):
    rng = np.random.default_rng(0)
    sign = METRICS[metric].sign
    tried = space.sample_family("lightgbm", 120, rng)
    made = [
        result(place, each, sign * np.log(each["learning_rate"]))
        for place, each in enumerate(tried)
    ]
    found = setting_importances(history(made, metric), space, seed=0)
    assert [each.family for each in found] == ["lightgbm"]
    assert found[0].n_trials == 120
    assert found[0].fit > 0.8
    first, *others = found[0].shares
    assert first.name == "learning_rate"
    assert first.alone > 0.8
    assert all(each.in_all < 0.1 for each in others)
    assert all(each.alone <= each.in_all for each in found[0].shares)


def test_pure_noise_is_told_by_the_fit(space):
    rng = np.random.default_rng(0)
    tried = space.sample_family("lightgbm", 60, rng)
    noise = [result(n, each, rng.normal()) for n, each in enumerate(tried)]
    assert setting_importances(history(noise), space, seed=0)[0].fit < 0.2


def test_families_of_few_trials_and_of_equal_scores_are_left_out(space):
    rng = np.random.default_rng(0)
    few = [result(n, each, n) for n, each in enumerate(space.sample_family("knn", 4, rng))]
    same = [
        result(10 + n, each, 0.5) for n, each in enumerate(space.sample_family("lightgbm", 20, rng))
    ]
    assert setting_importances(history([*few, *same]), space, seed=0) == ()


def test_one_diverged_trial_does_not_hide_the_others():
    values = clipped([1.0, 0.9, 0.8, -1e9])
    assert values.min() == pytest.approx(1.0 - 3.0 * 0.15)


def test_families_proposers_and_new_bests_are_counted(space):
    rng = np.random.default_rng(0)
    light, near = space.sample_family("lightgbm", 3, rng), space.sample_family("knn", 3, rng)
    told = tell_search(
        history(
            [
                result(0, light[0], 0.7, origin="default"),
                result(1, near[0], 0.6, origin="default"),
                result(2, light[1], 0.8),
                result(3, near[1], None),
                result(4, light[2], 0.9, origin="surrogate"),
                result(5, near[2], 0.65, origin="surrogate"),
            ]
        ),
        space,
        weights={4: 0.75, 2: 0.25},
        seed=0,
    )
    assert told.n_trials == 6
    first, second = told.families
    assert (first.family, first.n_trials, first.best, first.median) == ("lightgbm", 3, 0.9, 0.8)
    assert first.weight == 1.0
    assert first.seconds == 6.0
    assert (second.family, second.n_scored, second.n_failed) == ("knn", 2, 1)
    by_origin = {each.origin: each for each in told.origins}
    assert [by_origin[each].n_records for each in ("default", "random", "surrogate")] == [1, 1, 1]
    assert by_origin["surrogate"].weight == 0.75
    assert by_origin["random"].n_scored == 1
    # Scores 0.7 0.8 0.9 and 0.6 0.65: the means are 0.8 and 0.625, that of all 0.73.
    between, total = (
        3 * 0.07**2 + 2 * 0.105**2,
        sum((each - 0.73) ** 2 for each in (0.7, 0.8, 0.9, 0.6, 0.65)),
    )
    assert told.family_share == pytest.approx(between / total)
    assert told.expectations == ()


def test_expected_and_observed_are_in_the_same_unit(space):
    tried = space.sample_family("lightgbm", 5, np.random.default_rng(0))
    scores = [0.5, 0.6, 0.55, 0.7, 0.6]
    told = tell_search(
        history(
            [
                result(n, c, s, expected=None if n == 0 else 2.0)
                for n, (c, s) in enumerate(zip(tried, scores, strict=True))
            ]
        ),
        space,
        weights={},
        seed=0,
    )
    error = 0.03 / np.sqrt(3)
    assert [each.observed for each in told.expectations] == pytest.approx(
        [0.1 / error, -0.05 / error, 0.1 / error, -0.1 / error]
    )
    assert {each.expected for each in told.expectations} == {2.0}


def test_the_line_of_relatives_says_what_changed(space):
    start = space.default("lightgbm")
    step = space.complete("lightgbm", {**start, "learning_rate": 0.2})
    last = space.complete("lightgbm", {**step, "num_leaves": 7})
    other = space.default("knn")
    line = relatives(
        history(
            [
                result(0, start, 0.7, origin="default"),
                result(1, other, 0.6, origin="default"),
                result(2, step, 0.8),
                result(3, last, 0.9, origin="neighbour"),
            ]
        ),
        space,
    )
    assert [each.trial for each in line] == [0, 2, 3]
    assert line[0].changes == ()
    assert [each.name for each in line[1].changes] == ["learning_rate"]
    assert (line[2].changes[0].name, line[2].changes[0].after) == ("num_leaves", 7)
    assert line[2].origin == "neighbour"


def test_without_any_success_there_is_nothing_to_tell(space):
    failed = history([result(0, space.default("knn"), None)])
    told = tell_search(failed, space, weights={}, seed=0)
    assert told.line == ()
    assert told.settings == ()
    assert told.family_share is None
    assert told.families[0].best is None
