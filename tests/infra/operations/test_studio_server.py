"""The studio beside the pages of `espalier ui` and `serve`."""

import os
import subprocess
import sys
import urllib.request

import pytest

from espalier.infra.operations.studio_server import StudioServer

pytestmark = [pytest.mark.slow, pytest.mark.cluster]


def test_it_is_started_once_for_a_home_folder_and_ends_with_who_started_it(
    new_settings, monkeypatch
):
    settings = new_settings()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    with StudioServer(settings) as first:
        first.start()
        assert first.wait(), first.log_path.read_text()
        assert first.is_own
        assert urllib.request.urlopen(f"{first.url}/data", timeout=60).status == 200
        with StudioServer(settings) as second:
            second.start()
            assert second.wait()
            assert (second.url, second.is_own) == (first.url, False)
        assert first.is_running
    with StudioServer(settings) as after:
        assert after._advertised() is None


def test_what_does_not_start_is_said_and_ends_nothing(new_settings, monkeypatch, caplog):
    settings = new_settings()
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: Ended())
    with StudioServer(settings) as server:
        server.start()
        assert not server.wait()
    assert "did not start" in caplog.text


class Ended:
    """A process that has ended at once."""

    def poll(self):
        return 1

    def terminate(self):
        return None

    def wait(self, seconds=None):
        return 1
