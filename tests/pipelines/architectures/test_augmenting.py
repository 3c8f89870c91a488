"""Pictures are changed by chance, and no further than was asked for."""

import numpy as np

from espalier.pipelines.architectures.augmenting import (
    affine_maps,
    augmented,
    blended,
    open_places,
)
from espalier.pipelines.architectures.recipe import Augmentation
from tests.deep import need_torch


def test_maps_stay_within_their_strength():
    maps = affine_maps(500, Augmentation(distortion=1.0), np.random.default_rng(0))
    assert abs(maps[:, :, 2]).max() <= 0.25  # an eighth of the side, which is 2 long
    zoom = np.hypot(maps[:, 0, 0], maps[:, 1, 0])
    assert 0.8 <= zoom.min() < 0.85 < 1.15 < zoom.max() <= 1.2
    assert np.rad2deg(np.arctan2(maps[:, 1, 0], maps[:, 0, 0])).max() <= 20.0
    mirrored = affine_maps(500, Augmentation(flip=True), np.random.default_rng(0))[:, 0, 0] < 0
    assert 0.4 < mirrored.mean() < 0.6


def test_a_square_is_covered():
    masks = open_places(50, 20, 0.4, np.random.default_rng(0))
    assert masks.shape == (50, 1, 20, 20)
    covered = (masks == 0).sum(axis=(1, 2, 3))
    assert covered.max() <= 64
    assert covered.min() >= 16  # at a corner, a quarter of it is left


def test_no_strength_changes_nothing_and_mirrors_are_exact():
    need_torch()
    import torch

    pictures = torch.randn((6, 3, 8, 8), generator=torch.Generator().manual_seed(0))
    rng = np.random.default_rng(0)
    assert (augmented(pictures, Augmentation(distortion=0.0), rng) == pictures).all()
    found = augmented(pictures, Augmentation(distortion=0.0, flip=True), rng)
    is_same = (found == pictures).all(dim=(1, 2, 3))
    is_mirror = (found == pictures.flip(3)).all(dim=(1, 2, 3))
    assert (is_same ^ is_mirror).all()
    assert is_same.any()
    assert is_mirror.any()


def test_pictures_of_a_row_are_blended_with_those_of_one_other_row():
    need_torch()
    import torch

    pictures = torch.arange(8.0)[:, None, None, None].expand(8, 3, 2, 2)  # 4 rows of 2
    target = torch.eye(4)
    mixed, shares, weight = blended(
        pictures, target, torch.ones(4), 0.5, np.random.default_rng(1), 2
    )
    rows = shares @ torch.arange(4.0)
    torch.testing.assert_close(mixed[0::2, 0, 0, 0], 2 * rows)
    torch.testing.assert_close(mixed[1::2, 0, 0, 0], 2 * rows + 1)
    torch.testing.assert_close(weight, torch.ones(4))
