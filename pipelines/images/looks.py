"""How closely a network looks at pictures: the size they are scaled to, and the cuts of each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SCALES = (1.0, 0.75, 0.5)
"""Width of each cut around the middle, as a share of the picture's; the first is all of it."""


@dataclass(frozen=True, slots=True)
class Look:
    """One way of looking at a picture.

    Attributes
    ----------
    side : int
        Each cut is scaled to so many pixels in width and height.
    n_scales : int
        So many of `SCALES` are looked at.
    """

    side: int
    n_scales: int = 1

    def __str__(self) -> str:
        return f"{self.side}x{self.n_scales}"

    @classmethod
    def parse(cls, text: str) -> "Look":
        """Return the look that `str` of it is."""
        side, _, n_scales = text.partition("x")
        return cls(int(side), int(n_scales))

    @property
    def decoded(self) -> int:
        """Side that a picture is decoded at, so that the smallest cut need not be enlarged."""
        return round(self.side / SCALES[self.n_scales - 1])

    @property
    def cost(self) -> float:
        """Time that a picture takes, as a multiple of what it takes with the best look."""
        return self.n_scales * self.side**2 / (BEST_LOOK.n_scales * BEST_LOOK.side**2)

    def cuts(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the cuts of a picture, shape (n_scales, side, side, 3).

        Parameters
        ----------
        picture : array of shape (decoded, decoded, 3)
            RGB.
        """
        if self.n_scales == 1:
            return picture[np.newaxis]
        from PIL import Image

        whole, size = Image.fromarray(picture), float(self.decoded)
        found = []
        for scale in SCALES[: self.n_scales]:
            edge = size * (1.0 - scale) / 2.0
            box = (edge, edge, size - edge, size - edge)
            cut = whole.resize((self.side, self.side), Image.Resampling.BICUBIC, box=box)
            found.append(np.asarray(cut))
        return np.stack(found)


LOOKS = (Look(160, 3), Look(160, 2), Look(160), Look(128), Look(96), Look(64))
"""The ways of looking, the best first and the quickest last."""
BEST_LOOK = LOOKS[0]
