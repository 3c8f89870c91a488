import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.surrogate.targets import normal_scores, observe
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial
from tests.pipelines.search.conftest import answer


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30, unique=True))
def test_normal_scores_depend_on_the_ranks_alone(values):
    raw = np.array(values)
    scores = normal_scores(raw)
    np.testing.assert_array_equal(np.argsort(scores), np.argsort(raw))
    np.testing.assert_allclose(scores, normal_scores(np.argsort(np.argsort(raw)) * 7.0))
    np.testing.assert_allclose(scores.sum(), 0.0, atol=1e-9)


def test_ties_share_a_score():
    scores = normal_scores([1.0, 2.0, 2.0, 3.0])
    assert scores[1] == scores[2]


def test_failures_count_as_the_worst_and_directions_are_turned():
    def trial(number):
        return Trial(number=number, configuration=Configuration.of("f", {"x": number}), seed=0)

    results = [answer(trial(0), 0.5), answer(trial(1)), answer(trial(2), 0.1), answer(trial(3))]
    seen = observe(History(METRICS["log_loss"], tuple(results)))
    assert seen.n_successes == 2
    assert seen.gains[2] > seen.gains[0] > seen.gains[1] == seen.gains[3]
