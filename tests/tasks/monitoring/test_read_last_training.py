"""Which table a retraining reads, where none is named."""

import pytest

from espalier.infra.settings import Settings
from espalier.pipelines.errors import UserError
from espalier.tasks.monitoring.read_last_training import _require_same_place


@pytest.mark.parametrize("data", ["data.csv", "sqlite:///shop.db"])
def test_a_relative_source_of_before_is_read_in_its_own_folder_alone(tmp_path, monkeypatch, data):
    for name in ("mine", "other"):
        (tmp_path / name).mkdir()
    settings = Settings(home=tmp_path / "mine" / "mlruns")
    monkeypatch.chdir(tmp_path / "mine")
    _require_same_place(data, "m", settings)
    monkeypatch.chdir(tmp_path / "other")
    with pytest.raises(UserError, match=r"which folder.*--data or as ESPALIER_DATA_M$"):
        _require_same_place(data, "m", settings)


@pytest.mark.parametrize("data", ["/data/t.csv", "s3://b/t.csv", "${DATA}", "mysql://h/d"])
def test_any_other_source_is_read_from_anywhere(tmp_path, data):
    _require_same_place(data, "m", Settings(home=tmp_path))
