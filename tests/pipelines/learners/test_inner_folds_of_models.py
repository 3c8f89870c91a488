"""What a model judges on rows left out, it judges on other groups and on newer rows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, r2_score

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.families.bayes import GaussianClassifier
from espalier.pipelines.learners.families.penalty import (
    STRENGTHS,
    ChosenStrength,
    ElasticLogistic,
    Ridge,
)
from espalier.pipelines.learners.families.svm import KernelClassifier
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Configuration


def groups_of_their_own_level(seed=0, n_groups=60, rows=20):
    """Each group has a level of its own, and an effect of its own that no column tells."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(n_groups), rows)
    size = rng.normal(size=n_groups)[group]
    y = size + rng.normal(0, 0.5, n_groups)[group] + rng.normal(0, 0.5, len(group))
    return group, size, y


def test_target_means_of_levels_within_groups_are_learned_for_new_groups() -> None:
    """Cross-fitted over rows R² is about -0.1, by group 0.6 (D5)."""
    group, size, y = groups_of_their_own_level()
    X = pd.DataFrame({"size": size, "level": [f"g{each}" for each in group]})
    roles = {"size": ColumnRole.NUMERIC, "level": ColumnRole.CATEGORICAL}
    train, new = group < 40, group >= 40
    data = Dataset(
        X=X[train], y=y[train], problem=ProblemKind.REGRESSION, roles=roles, groups=group[train]
    )
    configuration = Configuration.of("linear", {"penalty": "chosen", "prep_encoding": "target"})
    fitted = Candidate(configuration, LEARNERS["linear"], roles, data.shape, 0)
    fitted.fit(data.X, data.y, groups=data.groups)
    assert r2_score(y[new], fitted.predict_scores(X[new])) > 0.4


def test_the_penalty_is_chosen_on_groups_left_out_and_reaches_far() -> None:
    group, size, y = groups_of_their_own_level()
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 60))[group]  # sixty columns that are one for each group
    y = y - size
    train, new = group < 40, group >= 40
    by_group = ChosenStrength(Ridge()).fit(X[train], y[train], groups=group[train])
    by_rows = ChosenStrength(Ridge()).fit(X[train], y[train])
    assert by_rows.strength_ < 0.2 < by_group.strength_
    assert r2_score(y[new], by_group.predict(X[new])) > -0.15
    assert max(STRENGTHS) > 10


def test_the_penalty_is_chosen_on_the_newest_rows() -> None:
    seen = []

    class Spy(Ridge):
        def fit(self, X, y, sample_weight=None):
            seen.append(X[:, 0])
            return super().fit(X, y, sample_weight)

    times = np.arange(1_600.0)
    X = np.column_stack([times, np.random.default_rng(0).normal(size=1_600)])
    order = np.random.default_rng(1).permutation(1_600)
    ChosenStrength(Spy()).fit(X[order], X[order, 1], times=times[order])
    assert seen[0].max() < 1_300  # the newest fifth validates
    assert len(seen[-1]) == 1_600


def test_kernel_machines_are_calibrated_on_groups_left_out() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(40), 10)
    X = rng.normal(size=(40, 4))[group] + 0.01 * rng.normal(size=(400, 4))
    y = (rng.random(40) < 0.5).astype(int)[group]  # a group's label is pure chance
    by_group = KernelClassifier().fit(X, y, groups=group)
    by_rows = KernelClassifier().fit(X, y)
    new = rng.normal(size=(400, 4))
    truth = (rng.random(400) < 0.5).astype(int)
    loss = log_loss(truth, by_group.predict_proba(new))
    assert loss < 0.75
    assert loss < log_loss(truth, by_rows.predict_proba(new)) - 0.2
    forward = KernelClassifier().fit(X, y, times=np.arange(400.0), groups=group)
    assert log_loss(truth, forward.predict_proba(new)) < 1.0


def test_a_gaussian_classifier_sees_its_own_overconfidence() -> None:
    """Own covariances of many columns fit the rows they come from, and no others."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 40)), rng.integers(0, 2, 120)
    fitted = GaussianClassifier("own", shrinkage=1e-3).fit(X, y)
    new, truth = rng.normal(size=(500, 40)), rng.integers(0, 2, 500)
    assert fitted.temperature_ > 5
    assert log_loss(truth, fitted.predict_proba(new)) < 0.8


def test_a_gaussian_classifier_takes_classes_of_one_row() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)), np.append(np.arange(29) % 2, 2)
    assert np.isfinite(GaussianClassifier("own").fit(X, y).predict_proba(X)).all()


@pytest.mark.parametrize("times", [1, 4])
def test_elastic_nets_penalty_is_one_per_row(times: int) -> None:
    """As many copies of the rows are the same problem, so the answer is the same."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 4))
    y = (X[:, 0] + rng.normal(size=150) > 0).astype(int)
    once = ElasticLogistic(0.05, 0.5).fit(X, y).predict_proba(X)
    more = ElasticLogistic(0.05, 0.5).fit(np.tile(X, (times, 1)), np.tile(y, times))
    np.testing.assert_allclose(more.predict_proba(X), once, atol=0.02)
