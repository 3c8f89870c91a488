"""What every performance predictor must do: one suite, run over each implementation.

A test module makes a subclass whose method ``new_predictor(seed)`` returns a fresh one.
"""

import numpy as np


def landscape(X):
    """Return a smooth gain with its optimum inside."""
    return 1.0 - 3 * (X[:, 0] - 0.7) ** 2 - (X[:, 1] - 0.3) ** 2


class PredictorSuite:
    def new_predictor(self, seed):
        raise NotImplementedError

    def fitted(self, n=60, seed=0):
        rng = np.random.default_rng(seed)
        X = rng.random((n, 3))
        y = landscape(X) + rng.normal(scale=0.02, size=n)
        return self.new_predictor(seed).fit(X, y), X, y

    def test_it_ranks_unseen_points(self):
        predictor, *_ = self.fitted()
        X = np.random.default_rng(1).random((200, 3))
        mean, std = predictor.predict(X)
        assert mean.shape == std.shape == (200,)
        ranks = [np.argsort(np.argsort(values)) for values in (mean, landscape(X))]
        assert np.corrcoef(*ranks)[0, 1] > 0.6

    def test_it_is_never_certain_and_always_finite(self):
        predictor, X, _ = self.fitted(n=20)
        mean, std = predictor.predict(np.vstack([X, -np.ones((1, 3)), np.ones((1, 3))]))
        assert np.isfinite(mean).all()
        assert (std > 0).all()
        assert np.isfinite(std).all()

    def test_it_doubts_more_far_from_what_it_has_seen(self):
        rng = np.random.default_rng(0)
        X = np.vstack([rng.random((60, 2)) * 0.5, [[0.95, 0.95]]])
        y = np.sin(6 * X[:, 0]) + np.append(np.zeros(60), 1.0)
        predictor = self.new_predictor(0).fit(X, y)
        _, seen = predictor.predict(X[:60])
        _, unseen = predictor.predict(0.5 + 0.45 * rng.random((60, 2)))
        assert np.median(unseen) > np.median(seen)

    def test_the_same_seed_predicts_the_same(self):
        first, X, _ = self.fitted(seed=3)
        second, *_ = self.fitted(seed=3)
        np.testing.assert_array_equal(first.predict(X)[0], second.predict(X)[0])

    def test_two_observations_and_equal_gains_are_enough(self):
        X = np.array([[0.0, 1.0], [1.0, 0.0]])
        mean, std = self.new_predictor(0).fit(X, np.zeros(2)).predict(X)
        assert np.isfinite(mean).all()
        assert np.isfinite(std).all()
