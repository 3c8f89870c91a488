"""Vectors are kept by content; a store that fails only costs time."""

import numpy as np
import pytest

from espalier.pipelines.frozen.embedding import BATCH, FEW, embed_cells
from espalier.pipelines.frozen.store import VectorStore, default_folder
from espalier.pipelines.resources.budget import Deadline


class Lengths:
    """A network that counts how often it is asked."""

    def __init__(self, identity="lengths"):
        self.identity = identity
        self.asked = 0

    def embed(self, contents):
        self.asked += len(contents)
        return [
            "it is too short" if len(each) < 2 else np.full(3, len(each) / 3, dtype=np.float32)
            for each in contents
        ]


TEXTS = [f"{'x' * at}" for at in range(1, FEW + 5)]


def test_a_content_is_embedded_once(tmp_path):
    store, network = VectorStore(tmp_path), Lengths()
    first = embed_cells([*TEXTS, TEXTS[5], None, np.nan], None, network, store=store)
    assert network.asked == len(TEXTS)
    assert first.faults == ((0, "it is too short"),)
    assert first.cells[5] is first.cells[len(TEXTS)]
    assert all(isinstance(each, float) for each in first.cells[-2:])
    again = embed_cells(TEXTS[::-1], None, network, store=store)
    assert again.n_computed == 1  # what cannot be used is tried again
    np.testing.assert_array_equal(again.cells[0], first.cells[len(TEXTS) - 1])
    embed_cells(TEXTS, None, other := Lengths("another"), store=store)
    assert other.asked == len(TEXTS)


def test_stored_and_computed_are_the_same_number(tmp_path, monkeypatch):
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path / "home"))
    computed = embed_cells(TEXTS, None, Lengths(), store=VectorStore(tmp_path / "a")).cells
    alone = embed_cells(TEXTS[7:8], None, Lengths()).cells  # few leave nothing in the store
    np.testing.assert_array_equal(alone[0], computed[7])
    assert not (default_folder() / "vectors.sqlite").exists()


@pytest.mark.parametrize("damage", ["words", "folder", "nowhere"])
def test_a_store_that_fails_only_costs_time(tmp_path, damage):
    place = tmp_path / "store"
    if damage == "words":
        place.mkdir()
        (place / "vectors.sqlite").write_text("no database" * 1000)
    elif damage == "folder":
        (place / "vectors.sqlite").mkdir(parents=True)
    else:
        place.write_text("a file where the folder should be")
    network = Lengths()
    for _ in range(2):
        assert len(embed_cells(TEXTS, None, network, store=VectorStore(place)).cells) == len(TEXTS)
    assert network.asked == 2 * len(TEXTS)


def test_the_oldest_make_room(tmp_path):
    store = VectorStore(tmp_path, most_bytes=200_000)
    digests = [bytes([at]) * 16 for at in range(100)]
    for start in range(0, 100, 10):
        store.keep("n", {each: np.zeros(2_000, np.float32) for each in digests[start : start + 10]})
    kept = store.find("n", digests)
    assert 20 < len(kept) < 70
    assert digests[-1] in kept
    assert digests[0] not in kept


def test_a_deadline_keeps_what_is_done(tmp_path):
    store, network = VectorStore(tmp_path), Lengths()
    cells = [f"{'y' * (at % 7 + 2)}{at}" for at in range(300)]
    ticks = iter(range(100))
    with pytest.raises(TimeoutError):
        embed_cells(
            cells,
            None,
            network,
            store=store,
            deadline=Deadline(1.5, clock=lambda: float(next(ticks))),
        )
    done = network.asked
    assert 0 < done < 300
    embed_cells(cells, None, network, store=store)
    assert network.asked == 300


def test_after_the_deadline_only_what_is_known_is_used(tmp_path):
    store, network = VectorStore(tmp_path), Lengths()
    n_cells = 8 * BATCH
    cells = [f"{'z' * (at % 7 + 2)}{at}" for at in range(n_cells)]
    ticks = iter(range(1_000))
    deadline = Deadline(3.5, clock=lambda: float(next(ticks)))
    first = embed_cells(cells, None, network, store=store, deadline=deadline, partial=True)
    assert 0 < first.n_computed < n_cells
    assert first.n_unread == n_cells - first.n_computed
    read = [not isinstance(each, float) for each in first.cells]
    # No part of its own kind: some of the first half, some of the second.
    assert 0.2 < sum(read[: n_cells // 2]) / sum(read) < 0.8
    again = embed_cells(
        cells, None, network, store=store, deadline=Deadline.after(-1.0), partial=True
    )
    assert again.n_computed == 0
    assert again.n_unread == first.n_unread
