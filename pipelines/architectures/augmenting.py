"""Pictures turned, shifted, mirrored, covered and blended by chance, as tensors.

All that is drawn comes from one NumPy generator, so a training can be repeated.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.recipe import Augmentation

_DEGREES, _SHIFT, _ZOOM, _CONTRAST = 20.0, 0.25, 0.2, 0.4


def augmented(pictures: Any, how: Augmentation, rng: np.random.Generator) -> Any:
    """Return pictures changed by chance, each in its own way.

    Parameters
    ----------
    pictures : Tensor of float32, shape (n, 3, side, side)
        Standardised colours: 0 is the mean.
    how : Augmentation
        What is done; blending is not, see `blended`.
    rng : Generator
        Draws the changes.
    """
    import torch
    from torch.nn import functional

    n, side = len(pictures), pictures.shape[-1]
    if how.distortion:
        grid = functional.affine_grid(
            torch.from_numpy(affine_maps(n, how, rng)), list(pictures.shape), align_corners=False
        )
        pictures = functional.grid_sample(
            pictures, grid, padding_mode="border", align_corners=False
        )
    elif how.flip:
        mirrored = torch.from_numpy(rng.random(n) < 0.5)
        pictures = torch.where(mirrored[:, None, None, None], pictures.flip(3), pictures)
    if how.colour:
        reach = _CONTRAST * how.colour
        factor, addend = rng.uniform(-reach, reach, (2, n, 1, 1, 1)).astype(np.float32)
        pictures = pictures * torch.from_numpy(1.0 + factor) + torch.from_numpy(addend)
    if how.cutout:
        pictures = pictures * torch.from_numpy(open_places(n, side, how.cutout, rng))
    return pictures


def affine_maps(n: int, how: Augmentation, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return maps from places of new pictures to places of the old, shape (n, 2, 3)."""
    reach = how.distortion
    angle = np.deg2rad(_DEGREES * reach) * rng.uniform(-1, 1, n)
    zoom = 1.0 + _ZOOM * reach * rng.uniform(-1, 1, n)
    mirror = np.where(rng.random(n) < 0.5, -1.0, 1.0) if how.flip else np.ones(n)
    maps = np.empty((n, 2, 3), dtype=np.float32)
    maps[:, 0, 0], maps[:, 0, 1] = mirror * zoom * np.cos(angle), -zoom * np.sin(angle)
    maps[:, 1, 0], maps[:, 1, 1] = mirror * zoom * np.sin(angle), zoom * np.cos(angle)
    maps[:, :, 2] = _SHIFT * reach * rng.uniform(-1, 1, (n, 2))
    return maps


def open_places(n: int, side: int, share: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return masks that are 0 on a square of each picture and 1 elsewhere, (n, 1, side, side)."""
    half = max(1, math.floor(share * side / 2))
    rows, columns = rng.integers(0, side, (2, n, 1))
    places = np.arange(side)
    covered = (abs(places - rows) < half)[:, :, None] & (abs(places - columns) < half)[:, None, :]
    return (~covered[:, None]).astype(np.float32)


def blended(
    pictures: Any, target: Any, weight: Any, strength: float, rng: np.random.Generator, n_of: int
) -> tuple[Any, Any, Any]:
    """Return pictures, targets and weights blended in pairs (mixup).

    Parameters
    ----------
    pictures : Tensor, shape (n_rows * n_of, 3, side, side)
        Pictures, those of a row one after the other.
    target, weight : Tensor, shape (n_rows, ...)
        What they shall give, and how much each row counts.
    strength : float
        Both parameters of the Beta distribution of the shares.
    rng : Generator
        Draws shares and partners.
    n_of : int
        Pictures of a row.
    """
    import torch

    n_rows = len(target)
    share = float(rng.beta(strength, strength))
    partners = torch.from_numpy(rng.permutation(n_rows))
    rows = pictures.reshape(n_rows, n_of, *pictures.shape[1:])
    mixed = (share * rows + (1 - share) * rows[partners]).reshape(pictures.shape)
    return (
        mixed,
        share * target + (1 - share) * target[partners],
        share * weight + (1 - share) * weight[partners],
    )
