"""What a flushed record speaks of is flushed before, with the folders that name it."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from espalier.pipelines.serialization.sealed_files import dump_sealed, load_sealed, new_key
from espalier.pipelines.serialization.to_disk import keep_on_disk, replacing


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What was flushed and renamed, in order; the calls themselves are made.

    Only of the test's own folder: threads of servers that other tests started write files too.
    """
    events: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def flush(number: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{number}"))
        if path.is_relative_to(tmp_path):
            events.append(path.name)
        fsync(number)

    def rename(self: Path, target: Path) -> Path:
        if Path(target).is_relative_to(tmp_path):
            events.append(f"rename {Path(target).name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(Path, "replace", rename)
    return events


def test_a_pickle_is_flushed_before_it_has_its_name(tmp_path: Path, flushed: list[str]) -> None:
    path, key = tmp_path / "runs" / "a" / "table.pkl", new_key()
    dump_sealed([1, 2], path, key, to_disk=True)
    assert load_sealed(path, key) == [1, 2]
    content, name = (
        next(at for at, each in enumerate(flushed) if each.startswith(".table.pkl")),
        flushed.index("rename table.pkl"),
    )
    assert content < name < flushed.index("a") < flushed.index("runs")
    flushed.clear()
    dump_sealed([1, 2], path, key)  # one that no record names
    assert flushed == ["rename table.pkl"]


def test_a_folder_is_flushed_with_all_that_is_in_it(tmp_path: Path, flushed: list[str]) -> None:
    model = tmp_path / "run" / "model"
    (model / "deep").mkdir(parents=True)
    for path in (model / "model.joblib", model / "deep" / "more"):
        path.write_text("x")
    keep_on_disk(model)
    assert set(flushed) >= {"model.joblib", "more", "deep", "model", "run", tmp_path.name}
    assert flushed.index("model.joblib") < flushed.index("model") < flushed.index("run")


def test_a_file_is_replaced_whole_or_stays(tmp_path: Path) -> None:
    path = tmp_path / "notes" / "one.json"
    with replacing(path) as partial:
        partial.write_text("first")
        assert not path.exists()
    with suppress(OSError), replacing(path) as partial:
        partial.write_text("half of the sec")
        raise OSError("the disk is full")
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


def test_a_replaced_file_is_flushed_before_and_its_folder_after(
    tmp_path: Path, flushed: list[str]
) -> None:
    with replacing(tmp_path / "a" / "x", to_disk=True) as partial:
        partial.write_text("x")
    assert flushed == [partial.name, "rename x", "a"]
