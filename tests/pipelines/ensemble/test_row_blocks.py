from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.ensemble.row_blocks import independent_units, row_blocks


@dataclass(frozen=True)
class Rows:
    y: np.ndarray
    groups: np.ndarray | None = None


@given(st.integers(1, 30), st.integers(2, 8), st.integers(0, 99), st.booleans(), st.booleans())
def test_no_block_is_empty_and_there_are_never_more_than_groups(
    n_units: int, n_blocks: int, seed: int, grouped: bool, whole: bool
) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, size=n_units)
    groups = np.repeat(np.arange(n_units), sizes) if grouped else None
    n_rows = int(sizes.sum()) if grouped else n_units
    rows = Rows(rng.normal(size=n_rows), groups)
    blocks = row_blocks(rows, n_blocks, seed=seed, whole_groups=whole)
    most = n_units if whole or not grouped else n_rows
    assert set(blocks) == set(range(min(n_blocks, most)))
    assert independent_units(rows) == n_units
    if whole and groups is not None:
        assert all(len(set(blocks[groups == group])) == 1 for group in range(n_units))


def test_a_sample_of_rows_has_a_part_of_every_group() -> None:
    groups = np.repeat(np.arange(3), 100)
    rows: Any = Rows(np.random.default_rng(0).normal(size=300), groups)
    sample = row_blocks(rows, 4, seed=0, whole_groups=False) == 0
    assert (np.bincount(groups[sample]) > 10).all()
