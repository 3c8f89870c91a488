"""Vectors of a column's contents: each content once, from the store where it is known."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.frozen.network import FrozenNetwork, Vector
from espalier.pipelines.frozen.store import VectorStore, as_stored
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import generator

BATCH = 128
"""Contents that are loaded and embedded together, which bounds the memory."""
BATCH_BYTES = 128 << 20
"""Bytes of contents from which on no more are loaded with them."""
FORESEEN_AFTER, PATIENCE = 3, 1.2
"""Blocks after which the rest is foreseen, and how much longer it may seem to take."""
FEW = 16
"""Up to so many contents are computed without the store: a request of the endpoint leaves none."""

Load = Callable[[Any], bytes | str]
"""Returns a cell's content, or why it has none."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors of a column's cells.

    Attributes
    ----------
    cells : array of object, shape (n_rows,)
        A float16 vector each, or NaN where the cell is missing or its content is of no use.
    faults : tuple of (int, str)
        Rows whose content is of no use, with the reason.
    n_computed : int
        Number of contents that were not in the store.
    n_unread : int
        Number of rows whose content was not reached in time; their cells are NaN.
    """

    cells: NDArray[Any]
    faults: tuple[tuple[int, str], ...] = ()
    n_computed: int = 0
    n_unread: int = 0


def embed_cells(
    cells: Sequence[Any],
    load: Load | None,
    network: FrozenNetwork,
    *,
    store: VectorStore | None = None,
    deadline: Deadline = NEVER,
    partial: bool = False,
    foresee: bool = False,
) -> Embedded:
    """Return the vectors of cells.

    Parameters
    ----------
    cells : sequence
        One cell per row; None and NaN are missing.
    load : callable or None
        Returns the content of a cell as bytes, or the reason why there is none; None if the cells
        are texts themselves.
    network : FrozenNetwork
        Makes the vectors.
    store : VectorStore or None
        Where known vectors are looked up and new ones are kept; None for the user's own.
    deadline : Deadline
        When this must be done.
    partial : bool
        Whether only known vectors are used once the deadline has passed, instead of raising.
    foresee : bool
        Whether to raise as soon as the first blocks show that the rest will not be done in time:
        whoever has a quicker way should not wait until none is left.

    Raises
    ------
    TimeoutError
        The deadline passed first; what is done by then is kept in the store.

    Notes
    -----
    Contents are taken in an order of chance, always the same, so that what is done in time is no
    part of its own kind, such as the first classes of a sorted table.
    """
    found = np.full(len(cells), np.nan, dtype=object)
    faults: list[tuple[int, str]] = []
    n_computed = 0
    n_unread = 0
    groups = list(_distinct(cells).values())
    groups = [groups[at] for at in generator(0, "order").permutation(len(groups))]
    kept = None if len(groups) <= FEW else store or VectorStore()
    start = 0
    began = deadline.clock() if foresee else 0.0
    while start < len(groups):
        is_late = partial and deadline.passed
        if not partial:
            deadline.check()
        loaded = _loaded([cells[rows[0]] for rows in groups[start : start + BATCH]], load)
        part = groups[start : start + len(loaded)]
        start += len(part)
        answers = _known_or_made(
            [each for each in loaded if not isinstance(each, _Fault)],
            network,
            kept,
            known_only=is_late,
        )
        n_computed += answers.n_made
        if foresee and start >= FORESEEN_AFTER * BATCH and deadline.at is not None:
            expected = (deadline.clock() - began) / start * (len(groups) - start)
            if expected > PATIENCE * max(deadline.seconds_left, 0.0):
                raise TimeoutError("the rest cannot be ready in time")
        given = iter(answers.vectors)
        for rows, content in zip(part, loaded, strict=True):
            answer = content.reason if isinstance(content, _Fault) else next(given)
            if answer is None:
                n_unread += len(rows)
                continue
            if isinstance(answer, str):
                faults.extend((row, answer) for row in rows)
                continue
            for row in rows:
                found[row] = answer
    return Embedded(found, tuple(sorted(faults)), n_computed, n_unread)


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a cell has no content."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Answers:
    """Vectors or reasons in the order of the contents, and how many were computed.

    None stands for what is not known, where only what is known was asked for.
    """

    vectors: "list[Vector | str | None]"
    n_made: int


def _loaded(cells: Sequence[Any], load: Load | None) -> list[Any]:
    """Return the contents of the first cells, at least one, as long as they fit into the memory."""
    found: list[Any] = []
    n_bytes = 0
    for cell in cells:
        found.append(_content(cell, load))
        n_bytes += len(found[-1]) if isinstance(found[-1], bytes) else 0
        if n_bytes > BATCH_BYTES:
            break
    return found


def _content(cell: Any, load: Load | None) -> Any:
    if load is None:
        return str(cell)
    content = load(cell)
    return _Fault(content) if isinstance(content, str) else content


def _known_or_made(
    contents: Sequence[Any],
    network: FrozenNetwork,
    store: VectorStore | None,
    *,
    known_only: bool = False,
) -> _Answers:
    """Return the vectors of contents; equal ones are computed once."""
    digests = [_digest(each) for each in contents]
    known: dict[bytes, Any] = {} if store is None else dict(store.find(network.identity, digests))
    missing = dict(zip(digests, contents, strict=True))
    missing = {digest: each for digest, each in missing.items() if digest not in known}
    if known_only:
        return _Answers([known.get(digest) for digest in digests], 0)
    made: dict[bytes, Any] = {}
    for digest, answer in zip(missing, network.embed(list(missing.values())), strict=True):
        made[digest] = answer if isinstance(answer, str) else as_stored(answer)
    if store is not None:
        store.keep(
            network.identity, {key: each for key, each in made.items() if not isinstance(each, str)}
        )
    known |= made
    return _Answers([known[digest] for digest in digests], len(missing))


def _digest(content: Any) -> bytes:
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return hashlib.blake2b(data, digest_size=16).digest()


def _distinct(cells: Sequence[Any]) -> dict[Any, list[int]]:
    """Return the rows of each distinct cell, in order of appearance; missing cells have none."""
    rows: dict[Any, list[int]] = {}
    for row, cell in enumerate(cells):
        if cell is None or (isinstance(cell, float) and cell != cell):
            continue
        # Of an array of pixels only the object itself tells that it is the same.
        key = cell if isinstance(cell, str | bytes | Path) else id(cell)
        rows.setdefault(key, []).append(row)
    return rows
