"""EfficientNet-Lite0 as frozen features of pictures.

The network was trained on ImageNet (Tan and Le, *EfficientNet*, 2019; Apache-2.0). Two of its
layers are used, which complement each other: the mean of the last one says *what* is in a picture;
the last stage of blocks before, averaged over a grid of 3 x 3 places, also says *where*, which
decides about signs, digits and scans (docs/decisions/0074).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.frozen.network import file_digest, open_session
from espalier.pipelines.images.decoding import decode_or_reason
from espalier.pipelines.resources.cores import own_cores

FILE = Path(__file__).with_name("weights") / "lite0.onnx"
SIDES = (160, 128, 96, 64)
"""Sides that pictures are scaled to, the best first; the time falls with the square."""
PLACES = 3
"""The grid of places is so many wide and high."""
WIDTH_WHAT, CHANNELS_WHERE = 1_280, 192
WIDTH = WIDTH_WHAT + PLACES * PLACES * CHANNELS_WHERE
"""Length of a vector."""
_BATCH = 16
# Each may hold a large picture in memory.
_MOST_THREADS = 4
# Raised whenever the same file and side would give other vectors.
_SCHEME = 1


@dataclass(frozen=True, slots=True)
class Lite0:
    """The network at one size of pictures.

    Attributes
    ----------
    side : int
        Pictures are scaled to so many pixels in width and height.
    """

    side: int = SIDES[0]

    @property
    def identity(self) -> str:
        """Name of the network with its weights, size and way of decoding."""
        return f"lite0-{file_digest(_existing())[:16]}-{self.side}-v{_SCHEME}"

    def embed(self, contents: Sequence[Any]) -> "list[NDArray[np.float32] | str]":
        """Return the vector of each picture file, shape (`WIDTH`,), or why it has none.

        Parameters
        ----------
        contents : sequence of bytes
            Contents of picture files.
        """
        session = open_session(_existing())
        parts = [contents[start : start + _BATCH] for start in range(0, len(contents), _BATCH)]
        with ThreadPoolExecutor(min(_MOST_THREADS, own_cores())) as pool:
            answers = pool.map(lambda part: self._embed_some(session, part), parts)
            return [each for some in answers for each in some]

    def _embed_some(
        self, session: Any, contents: Sequence[Any]
    ) -> "list[NDArray[np.float32] | str]":
        answers: list[NDArray[np.float32] | str] = []
        pictures: list[NDArray[np.uint8]] = []
        for each in (decode_or_reason(content, self.side) for content in contents):
            if isinstance(each, str):
                answers.append(each)
            else:
                answers.append(np.empty(0, dtype=np.float32))
                pictures.append(each)
        if pictures:
            what, where = session.run(["features", "map"], {"pixels": np.stack(pictures)})
            vectors = iter(np.hstack([what, _by_place(where)]))
            answers = [each if isinstance(each, str) else next(vectors) for each in answers]
        return answers


def _by_place(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means of maps, (n, channels, h, w), over a grid of places, (n, places * channels).

    Where a map has fewer rows than the grid, neighbouring places share them.
    """
    n, channels, height, width = maps.shape
    rows, columns = _edges(height), _edges(width)
    means = [
        maps[:, :, top:bottom, left:right].mean(axis=(2, 3))
        for top, bottom in rows
        for left, right in columns
    ]
    return np.stack(means, axis=1).reshape(n, PLACES * PLACES * channels)


def _edges(length: int) -> list[tuple[int, int]]:
    """Return where each place begins and ends along a side."""
    cuts = [round(at * length / PLACES) for at in range(PLACES + 1)]
    starts = [min(cut, length - 1) for cut in cuts[:-1]]
    return [(start, max(end, start + 1)) for start, end in zip(starts, cuts[1:], strict=True)]


def _existing() -> Path:
    if not FILE.exists():
        raise UserError(
            f"the weights of pictures are missing ({FILE.name}); install Espalier again, or make "
            "them with infra/deploy/weights/build.py"
        )
    return FILE
