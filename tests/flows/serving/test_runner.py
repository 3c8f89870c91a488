"""What Prefect's runner does for us on a machine that others use too."""

import asyncio
import tempfile

import pytest

from espalier.flows.serving.runner import ServingRunner

pytestmark = pytest.mark.cluster


def test_the_temporary_folder_of_another_user_stops_nobody(flow_home, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "runner_storage").touch()  # Prefect's; as one that may not be written

    async def enter():
        async with ServingRunner(name="test", pause_on_shutdown=False):
            return {path.name.rpartition("-")[0] for path in tmp_path.iterdir()}

    assert "espalier-serve" in asyncio.run(enter())
    assert [path.name for path in tmp_path.iterdir()] == ["runner_storage"]
