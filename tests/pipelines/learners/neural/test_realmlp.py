"""The perceptron with numeric embeddings as an estimator."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import Ridge

from espalier.pipelines.learners.neural.columns import ColumnKinds
from espalier.pipelines.learners.neural.realmlp import TabularPerceptron


def test_columns_are_numbers_marks_or_codes() -> None:
    X = np.array([[0.1, 1, 2], [0.7, 0, 0], [0.4, 1, 1], [0.9, 1, 0]], dtype=np.float32)
    kinds = ColumnKinds.of(X, categorical=(2,))
    assert kinds.numbers.tolist() == [0]
    assert kinds.others.tolist() == [1]
    assert kinds.levels == (4,)
    dense, codes = kinds.split(X)
    assert dense.shape == (4, 2)
    assert dense[0, 1] == 0, "the commoner value is the middle"
    far = np.array([[0.5, 1, 99]], dtype=np.float32)
    assert kinds.split(far)[1].tolist() == [[3]], "codes never seen are the last one"
    assert codes.ravel().tolist() == [2, 0, 1, 0]


def test_follows_a_wave_that_a_line_cannot() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (500, 2)).astype(np.float32)
    y = np.sin(3 * X[:, 0]) + 0.1 * X[:, 1]
    model = TabularPerceptron(
        width=48, epochs=60, learning_rate=0.1, batch_size=64, classification=False
    )
    model.fit(X[:400], y[:400], eval_set=(X[400:450], y[400:450]))
    error = np.mean((model.predict(X[450:]) - y[450:]) ** 2)
    line = Ridge().fit(X[:400], y[:400])
    assert error < 0.2 * np.mean((line.predict(X[450:]) - y[450:]) ** 2)


def test_many_classes() -> None:
    X, y = load_digits(return_X_y=True)
    model = TabularPerceptron(width=64, epochs=16, batch_size=64, label_smoothing=0.05)
    model.fit(X[:1200] / 8 - 1, y[:1200])
    chances = model.predict_proba(X[1200:] / 8 - 1)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-4)
    assert (chances.argmax(axis=1) == y[1200:]).mean() > 0.88


def test_weights_have_no_unit_and_count() -> None:
    X, y = load_diabetes(return_X_y=True)
    X = (X * 20).astype(np.float32)
    weight = np.linspace(0.1, 2, len(y))
    plain = TabularPerceptron(width=16, epochs=4, classification=False)
    one = plain.fit(X, y, sample_weight=weight).predict(X)
    other = plain.fit(X, y, sample_weight=weight * 1e6).predict(X)
    np.testing.assert_allclose(one, other, rtol=1e-3)
    assert not np.allclose(one, plain.fit(X, y).predict(X), rtol=1e-3)


@pytest.mark.parametrize("n_networks", [1, 3])
def test_a_pickle_holds_no_gradient(n_networks: int) -> None:
    X, y = load_diabetes(return_X_y=True)
    model = TabularPerceptron(width=32, epochs=2, n_networks=n_networks, classification=False)
    model.fit(X, y)
    stored = pickle.dumps(model)
    assert len(stored) < 1.2 * 4 * len(model.network_.parameters.vector) + 10_000
    np.testing.assert_array_equal(pickle.loads(stored).predict(X), model.predict(X))


def test_known_passes_end_with_a_rate_near_zero() -> None:
    """A refit makes the passes that folds chose; its waves end with them, not somewhere between."""
    X, y = load_diabetes(return_X_y=True)
    X = (X * 20).astype(np.float32)
    known = TabularPerceptron(width=16, epochs=24, stop_after=10, classification=False).fit(X, y)
    short = TabularPerceptron(width=16, epochs=10, classification=False).fit(X, y)
    assert known.n_iterations_ == 10
    np.testing.assert_array_equal(known.predict(X), short.predict(X))
    more = TabularPerceptron(width=16, epochs=10, stop_after=99, classification=False).fit(X, y)
    assert more.n_iterations_ == 10, "never more than it was made for"
