"""Folds within the rows of a fit: whole groups, and forward in time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.data.splitting.inner_folds import RowFacts, inner_folds


@st.composite
def facts(draw: st.DrawFn) -> tuple[RowFacts, int]:
    n = draw(st.integers(2, 80))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    groups = rng.integers(0, draw(st.integers(1, 12)), n) if draw(st.booleans()) else None
    times = rng.integers(0, draw(st.integers(1, 60)), n).astype(float)
    return RowFacts(groups=groups, times=times if draw(st.booleans()) else None), n


@settings(max_examples=150, deadline=None)
@given(given_facts=facts(), n_folds=st.integers(2, 5), seed=st.integers(0, 9))
def test_no_fold_tears_a_group_or_learns_from_the_future(
    given_facts: tuple[RowFacts, int], n_folds: int, seed: int
) -> None:
    known, n = given_facts
    by_rows = np.random.default_rng(seed).permutation(n) % n_folds
    folds = inner_folds(known, by_rows, n_folds, seed=seed)
    validated = np.concatenate([fold.valid for fold in folds]) if folds else np.array([])
    assert len(np.unique(validated)) == len(validated)
    for fold in folds:
        assert len(fold.train)
        assert len(fold.valid)
        assert not set(fold.train) & set(fold.valid)
        if known.groups is not None and len(np.unique(known.groups)) > 1:
            assert not set(known.groups[fold.train]) & set(known.groups[fold.valid])
        if known.times is not None and 2 * np.unique(known.times, return_counts=True)[1].max() <= n:
            assert known.times[fold.train].max() < known.times[fold.valid].min()
    if known.are_alike:
        assert [fold.valid.tolist() for fold in folds] == [
            np.flatnonzero(by_rows == part).tolist() for part in np.unique(by_rows)
        ] or len(np.unique(by_rows)) < 2


def test_groups_are_dealt_evenly() -> None:
    groups = np.repeat(np.arange(20), np.arange(1, 21))
    folds = inner_folds(RowFacts(groups=groups), np.zeros(len(groups), dtype=int), 4, seed=0)
    sizes = [len(fold.valid) for fold in folds]
    assert sum(sizes) == len(groups)
    assert max(sizes) - min(sizes) <= 20
