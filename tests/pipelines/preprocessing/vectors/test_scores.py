"""Pictures beside other columns are one column: what they say of the target, cross-fitted."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.splitting.inner_folds import RowFacts
from espalier.pipelines.preprocessing.vectors import scores as vector_scores
from espalier.pipelines.preprocessing.vectors.scores import VectorScores


def _table(n_rows, width=200, seed=0, columns=2):
    rng = np.random.default_rng(seed)
    what = rng.normal(size=(n_rows, 4))
    frame = {}
    for at in range(columns):
        vectors = what @ rng.normal(size=(4, width)) + 0.5 * rng.normal(size=(n_rows, width))
        cells = np.empty(n_rows, dtype=object)
        cells[:] = list(vectors.astype(np.float16))
        frame[f"photo {at}"] = cells
    return pd.DataFrame(frame, dtype=object), what


@pytest.mark.parametrize("n_rows", [60, 900])  # by the products of rows, and by directions
def test_a_row_is_scored_by_a_model_that_did_not_see_it(n_rows):
    X, _ = _table(n_rows, columns=1)
    noise = np.random.default_rng(1).normal(size=n_rows)
    made = VectorScores(classification=False).fit_transform(X, noise)
    assert made.shape == (n_rows, 1)
    # Fitted to the row it would be near 1, to all other rows near -1.
    assert abs(np.corrcoef(made[:, 0], noise)[0, 1]) < 0.4


def test_the_penalty_is_strong_where_nothing_is_to_be_learned():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(40, 90))
    Z -= Z.mean(0)
    said, noise = Z[:, :2].sum(axis=1, keepdims=True), rng.normal(size=(40, 1))
    learned = vector_scores._solve(vector_scores.Keyed(Z[:, :8], said))
    nothing = vector_scores._solve(vector_scores.Keyed(Z, noise - noise.mean()))
    assert nothing.penalty > 100 * learned.penalty
    np.testing.assert_allclose(learned.coordinates @ learned.coordinates.T, Z[:, :8] @ Z[:, :8].T)


@pytest.mark.parametrize("n_rows", [120, 900])
def test_what_pictures_show_is_found_for_new_rows(n_rows):
    X, what = _table(n_rows + 50)
    y = what[:, 0] + 0.1 * np.random.default_rng(2).normal(size=len(what))
    score = VectorScores(classification=False)
    inside = score.fit_transform(X[:n_rows], y[:n_rows])
    outside = score.transform(X[n_rows:])
    assert np.corrcoef(inside[:, 0], y[:n_rows])[0, 1] > 0.9
    assert np.corrcoef(outside[:, 0], y[n_rows:])[0, 1] > 0.9


def test_classes_have_a_column_each_and_two_classes_one():
    X, what = _table(90)
    three = np.digitize(what[:, 0], [-0.5, 0.5])
    made = VectorScores(classification=True).fit_transform(X, three)
    assert made.shape == (90, 3)
    assert (made.argmax(axis=1) == three).mean() > 0.7
    assert VectorScores(classification=True).fit_transform(X, three > 0).shape == (90, 1)


def test_rows_of_a_group_are_scored_by_other_groups():
    groups = np.repeat(np.arange(40), 3)
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(40, 100))
    cells = np.empty(120, dtype=object)
    cells[:] = list((centres[groups] + 0.1 * rng.normal(size=(120, 100))).astype(np.float16))
    X = pd.DataFrame({"photo": cells}, dtype=object)
    y = rng.normal(size=40)[groups]  # known to whoever knows the group
    alone = VectorScores(classification=False).fit_transform(X, y)
    grouped = VectorScores(classification=False).fit_transform(X, y, RowFacts(groups=groups))
    assert np.corrcoef(alone[:, 0], y)[0, 1] > 0.9
    assert np.corrcoef(grouped[:, 0], y)[0, 1] < 0.5


def test_pictures_that_are_missing_are_average_ones():
    X, what = _table(80, columns=1)
    X.iloc[:5, 0] = np.nan
    score = VectorScores(classification=False).fit(X, what[:, 0])
    made = score.transform(pd.DataFrame({"photo 0": [np.nan, X.iloc[9, 0]]}, dtype=object))
    assert np.isfinite(made).all()
