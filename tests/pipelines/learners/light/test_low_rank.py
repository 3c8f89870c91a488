import pickle
from copy import deepcopy

import numpy as np
import pytest
from sklearn.datasets import make_classification

from espalier.pipelines.learners.families.mlp import Perceptron
from espalier.pipelines.learners.light.counts import count_model
from espalier.pipelines.learners.light.low_rank import FactoredNetwork, low_rank


@pytest.fixture(scope="module")
def trained():
    X, y = make_classification(400, 10, n_informative=4, random_state=0)
    X = X.astype(np.float32)
    return Perceptron(width=48, depth=2, epochs=12, seed=0).fit(X, y), X


def test_all_of_the_rank_gives_the_same_answers(trained):
    model, X = trained
    whole = low_rank(deepcopy(model), 1.0, X)
    np.testing.assert_allclose(whole.predict_proba(X), model.predict_proba(X), atol=1e-4)


def test_less_rank_is_a_smaller_network_that_answers_nearly_the_same(trained):
    model, X = trained
    small = low_rank(deepcopy(model), 0.25, X)
    assert isinstance(small.network_, FactoredNetwork)
    assert len(pickle.dumps(small)) < 0.8 * len(pickle.dumps(model))
    assert count_model(small).operations < 0.8 * count_model(model).operations
    assert np.mean(small.predict(X) == model.predict(X)) > 0.9
    again = pickle.loads(pickle.dumps(small))
    np.testing.assert_array_equal(again.predict_proba(X), small.predict_proba(X))


def test_rows_decide_what_a_thinner_matrix_keeps(trained):
    """A plain decomposition of the matrices is farther from the answers than one of the rows'."""
    model, X = trained
    by_rows = low_rank(deepcopy(model), 0.2, X)
    blind = low_rank(deepcopy(model), 0.2, np.eye(X.shape[1], dtype=np.float32) * 3)
    truth = model.predict_proba(X)
    error = [np.abs(each.predict_proba(X) - truth).mean() for each in (by_rows, blind)]
    assert error[0] < error[1]
