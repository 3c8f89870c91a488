"""A run says how far it has believed experience, family by family."""

import numpy as np
import pytest

from espalier.pipelines.experience.belief import Belief, measure_belief
from espalier.pipelines.experience.recording.space_alignment import space_of
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


class Known:
    """Experience that knows the score of some configurations."""

    def __init__(self, X, values):
        self.X, self.values = X, values

    def mean(self, X):
        apart = ((X[:, None, :] - self.X[None, :, :]) ** 2).sum(axis=-1)
        return self.values[apart.argmin(axis=1)]

    def mean_gradient(self, X):
        return self.mean(X), np.zeros_like(X)


@pytest.fixture(scope="module")
def tried(maker):
    """A space, trials of it, and their encoding."""
    dataset = maker.dataset(0)
    space = space_of(dataset.shape)
    rng = np.random.default_rng(0)
    found = [
        each for family in ("lightgbm", "linear") for each in space.sample_family(family, 12, rng)
    ]
    scores = rng.normal(size=len(found))
    results = tuple(
        TrialResult(
            trial=Trial(number=number, configuration=each, seed=0),
            status=TrialStatus.SUCCESS,
            score=0.5 + 0.01 * float(score),
            fold_scores=(0.5, 0.5 + 0.02 * float(score)),
            seconds=1.0,
        )
        for number, (each, score) in enumerate(zip(found, scores, strict=True))
    )
    return space, History(dataset.scored_by, results), space.encode(found), scores


def test_a_family_that_was_forecast_well_is_believed_most(tried):
    space, history, X, scores = tried
    half = X[:, space.families.index("linear")] > 0.5
    prior = Known(X, np.where(half, -scores, scores))
    belief = measure_belief(prior, space, history, seed=0)
    weights = dict(belief.families)
    assert set(weights) == {"lightgbm", "linear"}
    assert weights["lightgbm"] > weights["linear"]
    assert belief.words.startswith("experience was believed to ")
    assert "lightgbm" in belief.words
    assert belief.to_dict()["families"].keys() == weights.keys()


def test_it_is_not_told_without_experience_or_trials(tried):
    space, history, X, scores = tried
    assert measure_belief(None, space, history, seed=0) is None
    few = History(history.metric, history.results[:5])
    assert measure_belief(Known(X, scores), space, few, seed=0) is None


def test_families_that_are_believed_alike_are_not_told_apart():
    alike = Belief(common=0.62, families=(("lightgbm", 0.63), ("linear", 0.6)))
    assert alike.words == "experience was believed to 62% in the end"
