"""Another version takes over when the alias moves, and no request is lost on the way."""

import threading
import time

import pytest

from espalier.infra.registry.registry import CHAMPION, register_version
from espalier.infra.tracking.store import make_client
from espalier.infra.tracking.tracking import Tracking


@pytest.fixture
def moving(new_settings, saved_model, raw_rows):
    """A registry of its own, whose aliases are moved."""
    settings = new_settings()
    tracking = Tracking(settings)
    for _ in range(2):
        register_version(
            tracking,
            name="bought",
            run_id=tracking.start_run("training"),
            folder=saved_model,
            example=raw_rows,
        )
    return settings


def wait_until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def served(client):
    return client.get("/models/bought").json()


def test_ten_swaps_lose_no_request(moving, serving, json_rows):
    registry = make_client(moving)
    statuses, versions, ended = [], set(), threading.Event()
    with serving(moving, poll_seconds=0.02) as client:

        def ask():
            while not ended.is_set():
                reply = client.post("/models/bought/predict", json={"rows": json_rows[:1]})
                statuses.append(reply.status_code)
                versions.add(reply.json()["version"])

        asking = [threading.Thread(target=ask) for _ in range(3)]
        for each in asking:
            each.start()
        try:
            for turn in range(10):
                version = 2 - turn % 2
                registry.set_registered_model_alias("bought", CHAMPION, str(version))
                wait_until(lambda wanted=version: served(client)["version"] == wanted)
                n_before = len(statuses)
                wait_until(lambda before=n_before: len(statuses) > before + 3)
        finally:
            ended.set()
            for each in asking:
                each.join()
        model = client.endpoint.models["bought"]
        wait_until(lambda: set(model.sets) == {1})  # those of before have ended
        assert model.n_swaps == 10
    assert set(statuses) == {200}
    assert versions == {1, 2}


def test_a_version_that_does_not_open_leaves_the_champion_at_work(
    moving, serving, json_rows, saved_model, raw_rows, tmp_path
):
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(saved_model, broken)
    tracking = Tracking(moving)
    found = register_version(
        tracking,
        name="bought",
        run_id=tracking.start_run("training"),
        folder=broken,
        example=raw_rows,
    )
    registry = make_client(moving)
    from espalier.infra.registry.model_files import model_files

    (model_files(found, moving).saved / "model.joblib").write_bytes(b"nothing")
    with serving(moving, poll_seconds=0.02) as client:
        registry.set_registered_model_alias("bought", CHAMPION, str(found.version))
        wait_until(lambda: served(client)["problem"])
        reply = client.post("/models/bought/predict", json={"rows": json_rows[:1]})
        assert (reply.status_code, reply.json()["version"]) == (200, 1)
        assert client.get("/ready").status_code == 200


def test_a_challenger_that_is_promoted_is_not_opened_again(moving, serving):
    registry = make_client(moving)
    with serving(moving, poll_seconds=0.02, challenger_share=0.2) as client:
        model = client.endpoint.models["bought"]
        challenger = model.sets[2]
        registry.set_registered_model_alias("bought", CHAMPION, "2")
        wait_until(lambda: served(client)["version"] == 2)
        assert model.sets[2] is challenger
        assert served(client)["challenger"] is None


def test_a_deleted_alias_changes_nothing(moving, serving, json_rows):
    registry = make_client(moving)
    with serving(moving, poll_seconds=0.02) as client:
        registry.delete_registered_model_alias("bought", CHAMPION)
        time.sleep(0.2)
        reply = client.post("/models/bought/predict", json={"rows": json_rows[:1]})
        assert (reply.status_code, reply.json()["version"]) == (200, 1)


def test_a_challenger_that_does_not_open_keeps_no_champion_away(moving, serving, json_rows):
    from espalier.infra.registry.model_files import model_files
    from espalier.infra.registry.registry import resolve

    (model_files(resolve("bought/2", moving), moving).saved / "model.joblib").write_bytes(b"no")
    with serving(moving, challenger_share=0.9) as client:
        reply = client.post("/models/bought/predict", json={"rows": json_rows[:1]})
        assert (reply.status_code, reply.json()["version"]) == (200, 1)
        assert served(client)["problem"]
        assert served(client)["challenger"] is None
