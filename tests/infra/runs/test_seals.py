"""Nothing is unpickled that this installation did not write."""

import importlib
import json
import pickle
import stat
import sys

import numpy as np
import pytest

from espalier.infra.orchestration.result_serializer import SealedSerializer, drop_foreign
from espalier.infra.runs.seals import KEY_FILE, seal_key
from espalier.pipelines.errors import UserError
from espalier.pipelines.serialization.sealed_files import (
    OutdatedFileError,
    UnsealedError,
    dump_sealed,
    load_sealed,
)


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return open, (str(self.mark), "w")


@pytest.fixture
def key(tmp_path):
    return seal_key(tmp_path / "home")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path / "home"))


def test_what_was_written_is_read(tmp_path, key):
    value = {"table": np.arange(300_000.0), "text": ["a", "ä"]}
    dump_sealed(value, tmp_path / "deep" / "x.pkl", key)
    back = load_sealed(tmp_path / "deep" / "x.pkl", key)
    assert (back["table"] == value["table"]).all()
    assert back["text"] == value["text"]
    assert [each.name for each in (tmp_path / "deep").iterdir()] == ["x.pkl"]


def test_the_key_is_kept_and_for_its_owner_alone(tmp_path):
    home = tmp_path / "new"
    assert seal_key(home) == seal_key(home)
    assert seal_key(home) != seal_key(tmp_path / "other")
    if sys.platform != "win32":
        assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600
    (home / KEY_FILE).write_bytes(b"short")
    with pytest.raises(UserError, match=KEY_FILE):
        seal_key(home)


def _plain(trap, path, key, tmp_path):
    path.write_bytes(pickle.dumps(trap))


def _long(trap, path, key, tmp_path):
    path.write_bytes(pickle.dumps(trap) + bytes(32))


def _of_another_home(trap, path, key, tmp_path):
    dump_sealed(trap, path, seal_key(tmp_path / "elsewhere"))


def _behind_a_real_one(trap, path, key, tmp_path):
    dump_sealed("mine", path, key)
    path.write_bytes(pickle.dumps(trap) + path.read_bytes())


def _empty(trap, path, key, tmp_path):
    path.write_bytes(b"")


FORGERIES = [_plain, _long, _of_another_home, _behind_a_real_one, _empty]


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_foreign_file_is_refused_unopened(tmp_path, key, forge):
    mark, path = tmp_path / "mark", tmp_path / "prepared.pkl"
    forge(Trap(mark), path, key, tmp_path)
    with pytest.raises(UnsealedError, match=r"prepared\.pkl"):
        load_sealed(path, key)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Trap(mark))).close()
    assert mark.exists()  # the trap does work


def _record(serializer, value):
    return json.dumps(
        {"metadata": {"serializer": serializer}, "result": value.decode()}, default=str
    )


def test_a_foreign_result_is_dropped_and_an_own_one_stays(tmp_path, monkeypatch):
    ours = SealedSerializer()
    own = tmp_path / "own"
    own.write_text(_record(ours.model_dump(), ours.dumps({"a": 1})))
    drop_foreign(own)
    assert ours.loads(json.loads(own.read_text())["result"].encode()) == {"a": 1}

    foreign = tmp_path / "foreign"
    for text in (
        _record({"type": "pickle"}, ours.dumps(1)),
        _record(ours.model_dump(), b"AAAA"),
        "not even JSON",
        '{"metadata": null}',
    ):
        foreign.write_text(text)
        drop_foreign(foreign)
        assert not foreign.exists(), text
    drop_foreign(foreign)  # nothing there is fine


def test_prefect_knows_the_serializer_by_its_name():
    from prefect.serializers import Serializer

    assert isinstance(Serializer(type="espalier-sealed"), SealedSerializer)
    with pytest.raises(UnsealedError):
        SealedSerializer().loads(b"gAROLg==")


class Moved:
    """Pickled as a class of a module that is gone when it is opened."""

    def __init__(self, module):
        self.module = module

    def __reduce__(self):
        return importlib.import_module, (self.module,)


@pytest.mark.parametrize("module", ["pipelines.not_there", "espalier.pipelines.not_there"])
def test_an_own_file_of_another_version_is_one_clear_line(tmp_path, key, module):
    path = tmp_path / "run" / "prepared.pkl"
    dump_sealed(Moved(module), path, key)
    with pytest.raises(OutdatedFileError, match=r"another version of Espalier.*start the run over"):
        load_sealed(path, key)


def test_a_kept_result_of_another_version_is_dropped(tmp_path):
    ours = SealedSerializer()
    path = tmp_path / "result"
    path.write_text(_record(ours.model_dump(), ours.dumps(Moved("pipelines.not_there"))))
    drop_foreign(path)
    assert not path.exists()
