"""A model of its own for each part of the horizon."""

import numpy as np

from espalier.pipelines.forecasting.families.apart import FEWEST_ROWS, MOST_PARTS, fit_apart


class Mean:
    """Predicts the mean of what it was fitted to."""

    def __init__(self, y):
        self.mean = float(y.mean())

    def predict(self, X):
        return np.full(len(X), self.mean)


def fit(X, y, weights, deadline):
    return Mean(y)


def rows(horizon, each):
    """Return rows whose target is their step."""
    steps = np.tile(np.arange(float(horizon)), each)
    return np.stack([np.zeros(len(steps)), steps], axis=1), steps, np.ones(len(steps))


def test_each_step_has_a_model_of_its_own():
    X, y, weights = rows(MOST_PARTS, FEWEST_ROWS)
    model = fit_apart(fit, 1, MOST_PARTS, X, y, weights)
    np.testing.assert_allclose(model.predict(X), y)


def test_many_steps_share_a_few_models_and_none_is_left_out():
    X, y, weights = rows(40, FEWEST_ROWS)
    model = fit_apart(fit, 1, 40, X, y, weights)
    assert len(model.parts) == MOST_PARTS
    assert np.abs(model.predict(X) - y).max() <= 40 / MOST_PARTS / 2
    assert len(np.unique(model.predict(X))) == MOST_PARTS


def test_a_part_of_few_rows_is_left_to_the_model_of_all():
    X, y, weights = rows(4, FEWEST_ROWS - 1)
    model = fit_apart(fit, 1, 4, X, y, weights)
    np.testing.assert_allclose(model.predict(X), y.mean())
