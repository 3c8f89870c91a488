import numpy as np

from pipelines.evaluation.racing import is_beaten

RIVAL = [0.90, 0.91, 0.89, 0.92, 0.90]


def test_nothing_is_decided_on_one_fold() -> None:
    assert not is_beaten([0.1], RIVAL)


def test_a_configuration_that_is_clearly_worse_is_beaten_after_two_folds() -> None:
    assert is_beaten([0.70, 0.72], RIVAL)


def test_one_that_is_level_or_better_is_not() -> None:
    assert not is_beaten(RIVAL[:3], RIVAL)
    assert not is_beaten([0.95, 0.96], RIVAL)


def test_folds_that_disagree_settle_nothing() -> None:
    assert not is_beaten([0.99, 0.60], RIVAL)


def test_a_finished_trial_is_never_stopped() -> None:
    assert not is_beaten([0.1] * 5, RIVAL)


def test_as_good_a_configuration_is_seldom_lost() -> None:
    rng = np.random.default_rng(0)
    lost = 0
    for _ in range(300):
        level = rng.normal(0.9, 0.02, 5)
        rival = level + rng.normal(0, 0.01, 5)
        own = level + rng.normal(0, 0.01, 5)
        lost += any(is_beaten(own[:n].tolist(), rival.tolist()) for n in range(2, 5))
    assert lost < 60
