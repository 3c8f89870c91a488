"""Pictures for tests: discs and squares of any colour on a noisy ground."""

import io

import numpy as np
from PIL import Image


def shape_picture(kind: str, seed: int, side: int = 48) -> Image.Image:
    """Return a picture of a ``disc`` or a ``square`` at a random place."""
    rng = np.random.default_rng([seed, len(kind)])
    pixels = rng.integers(0, 60, (side, side, 3)).astype(np.uint8)
    y, x = np.mgrid[:side, :side]
    radius = rng.integers(side // 6, side // 3)
    cx, cy = rng.integers(side // 3, 2 * side // 3, 2)
    if kind == "disc":
        inside = (x - cx) ** 2 + (y - cy) ** 2 < radius**2
    else:
        inside = (abs(x - cx) < radius) & (abs(y - cy) < radius)
    pixels[inside] = rng.integers(120, 255, 3)
    return Image.fromarray(pixels)


def as_bytes(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    """Return a picture as the content of a file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def class_folders(root, n_each: int = 12):
    """Write ``root/disc/0.png`` and so on; return the root."""
    for kind in ("disc", "square"):
        (root / kind).mkdir(parents=True)
        for number in range(n_each):
            shape_picture(kind, number).save(root / kind / f"{number}.png")
    return root
