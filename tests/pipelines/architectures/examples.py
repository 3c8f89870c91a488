"""Small networks and pictures for tests."""

import numpy as np

from espalier.pipelines.architectures.batches import Examples
from espalier.pipelines.architectures.design import Design

DESIGNS = [
    Design(width=8, stages=2, side=12, **given)
    for given in (
        {"block": "plain", "hidden": 16, "kernel": 5},
        {"block": "plain", "squeeze": True, "norm": "group"},
        {"block": "residual", "squeeze": True, "activation": "hardswish"},
        {"block": "residual", "norm": "group", "activation": "silu", "skip": False},
        {"block": "bottleneck", "depth": 2},
        {"block": "bottleneck", "norm": "group", "skip": False},
        {"block": "inverted", "depth": 2, "squeeze": True, "activation": "hardswish"},
        {"block": "inverted", "expansion": 1, "norm": "group"},
        {"block": "depthwise", "depth": 2, "activation": "silu"},
        {"block": "depthwise", "skip": False, "norm": "group", "squeeze": True},
    )
]


def name_of(design: Design) -> str:
    return f"{design.block}-{design.norm}-{design.activation}"


def bright_or_dark(n: int, side: int = 12, n_pictures: int = 1, seed: int = 0) -> Examples:
    """Return pictures of which the first class is brighter above, the second below."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 2
    pixels = rng.integers(0, 120, (n, n_pictures, side, side, 3)).astype(np.uint8)
    pixels[codes == 0, :, : side // 2] += 110
    pixels[codes == 1, :, side // 2 :] += 110
    return Examples(pixels, np.eye(2, dtype=np.float32)[codes], np.ones(n, dtype=np.float32))
