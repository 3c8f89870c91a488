import numpy as np
import pytest

from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.surrogate.cost import ANYTIME_SHARE, CostModel
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialStatus
from tests.pipelines.search.conftest import answer, new_space


@pytest.fixture(scope="module")
def space():
    return new_space()


def history_of(space, configurations, seconds, **changes):
    results = [
        answer(Trial(number=n, configuration=c, seed=0, **changes), 0.5, seconds=s)
        for n, (c, s) in enumerate(zip(configurations, seconds, strict=True))
    ]
    return History(METRICS["roc_auc"], tuple(results))


def test_without_trials_it_repeats_the_families_estimates(space):
    drawn = space.sample(10, np.random.default_rng(0))
    model = CostModel.fit(space, History(METRICS["roc_auc"]), n_folds=5)
    expected = [5 * space.expected_seconds(each) for each in drawn]
    np.testing.assert_allclose(np.exp(model.log_seconds(drawn)), expected)
    assert model.log_seconds([]).shape == (0,)


def test_a_slow_machine_is_learned_from_a_few_trials(space):
    rng = np.random.default_rng(0)
    tried, new = space.sample(12, rng), space.sample(40, rng)

    def truth(configuration):
        return 8 * space.expected_seconds(configuration)

    model = CostModel.fit(space, history_of(space, tried, map(truth, tried)))
    error = model.log_seconds(new) - np.log([truth(each) for each in new])
    assert np.abs(error).mean() < 0.35 * np.log(8)


def test_one_familys_error_moves_that_family_most(space):
    tried = space.sample_family("svm", 4, np.random.default_rng(0))
    model = CostModel.fit(
        space, history_of(space, tried, [20 * space.expected_seconds(each) for each in tried])
    )
    plain = CostModel.fit(space, History(METRICS["roc_auc"]))
    pair = [space.default("svm"), space.default("linear")]
    svm, linear = model.log_seconds(pair) - plain.log_seconds(pair)
    assert svm > 0.8 * np.log(20)
    assert linear < 0.75 * svm


def test_a_model_cut_short_does_not_look_cheap(space):
    cut = space.default("lightgbm")
    limit = 0.01 * space.expected_seconds(cut)
    model = CostModel.fit(space, history_of(space, [cut], [0.9 * limit], seconds_limit=limit))
    assert np.exp(model.log_seconds([cut])[0]) == pytest.approx(space.expected_seconds(cut))


def test_what_gave_no_model_in_its_time_is_not_expected_to_in_the_same(space):
    for family in ("svm", "lightgbm"):
        configuration = space.default(family)
        had = space.expected_seconds(configuration)
        trial = Trial(number=0, configuration=configuration, seed=0, seconds_limit=had)
        results = [
            answer(
                Trial(number=n, configuration=configuration, seed=0, seconds_limit=had),
                seconds=had,
                status=TrialStatus.TIMEOUT,
            )
            for n in range(3)
        ]
        model = CostModel.fit(space, History(METRICS["roc_auc"], tuple(results)))
        assert not model.fits([trial.configuration], had)[0]


def test_trials_that_raised_say_nothing_about_cost(space):
    trial = Trial(number=0, configuration=space.default("svm"), seed=0)
    broken = History(METRICS["roc_auc"], (answer(trial, seconds=1e-3),))
    assert (CostModel.fit(space, broken).weights == 0).all()


def test_what_can_stop_early_needs_only_a_part_of_its_time(space):
    model = CostModel.fit(space, History(METRICS["roc_auc"]))
    booster, kernel = space.default("lightgbm"), space.default("svm")
    for configuration, share in ((booster, ANYTIME_SHARE), (kernel, 1.0)):
        seconds = space.expected_seconds(configuration)
        assert model.fits([configuration], 1.01 * share * seconds)[0]
        assert not model.fits([configuration], 0.99 * share * seconds)[0]
