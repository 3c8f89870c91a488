"""EfficientNet-Lite0 as frozen features of pictures.

The network was trained on ImageNet (Tan and Le, *EfficientNet*, 2019; Apache-2.0). Two of its
layers are used, which complement each other: the mean of the last one says *what* is in a picture;
the last stage of blocks before, averaged over a grid of 3 x 3 places, also says *where*, which
decides about signs, digits and scans (docs/decisions/0074). *What* is the mean over several cuts
around the middle, as nobody knows how large things are in other people's pictures (0118).
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
from espalier.pipelines.images.looks import BEST_LOOK, Look
from espalier.pipelines.resources.cores import own_cores

FILE = Path(__file__).with_name("weights") / "lite0.onnx"
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
    """The network, looking at pictures in one way.

    Attributes
    ----------
    look : Look
        At which size, and at how many cuts of each.
    """

    look: Look = BEST_LOOK

    @property
    def identity(self) -> str:
        """Name of the network with its weights, size and way of decoding."""
        return f"lite0-{file_digest(_existing())[:16]}-{self.look}-v{_SCHEME}"

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
        for each in (decode_or_reason(content, self.look.decoded) for content in contents):
            if isinstance(each, str):
                answers.append(each)
            else:
                answers.append(np.empty(0, dtype=np.float32))
                pictures.append(each)
        if pictures:
            cuts = [self.look.cuts(each) for each in pictures]
            what, where = session.run(["features", "map"], {"pixels": np.concatenate(cuts)})
            n_cuts = self.look.n_scales
            what = what.reshape(len(pictures), n_cuts, -1).mean(axis=1)
            vectors = iter(np.hstack([what, _by_place(where[::n_cuts])]))
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
