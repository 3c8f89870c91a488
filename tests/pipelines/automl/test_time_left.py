"""An estimator whose search ends before its time uses the rest, and says how."""

import numpy as np
import pytest

from espalier import AutoMLClassifier
from espalier.pipelines.search.limits import stopping


@pytest.mark.slow
def test_time_that_the_search_leaves_is_used_and_told(monkeypatch, capsys):
    # A search that settles as soon as its predictor has been asked three times.
    monkeypatch.setattr(stopping, "SETTLED_FROM", 48)
    monkeypatch.setattr(stopping, "SETTLED_GAIN", 1e9)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4))
    y = (X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=600) > 0).astype(int)
    model = AutoMLClassifier(
        families=["lightgbm", "linear"], time_budget=120.0, n_jobs=2, random_state=0, verbose=1
    )
    model.fit(X, y)
    early, again = model.notes_
    assert "ended early" in early
    assert "longer training" in early
    assert "scored again" in again
    assert again in capsys.readouterr().out
    boosted = model.leaderboard_[model.leaderboard_["family"] == "lightgbm"]
    rates = [dict(each)["learning_rate"] for each in boosted["configuration"]]
    best = dict(boosted.iloc[0]["configuration"])["learning_rate"]
    assert any(rate < best / 2 or rate <= 0.006 for rate in rates)
    assert model.score(X, y) > 0.8
