"""The home's own MLflow database is there whole, or not at all."""

import signal
import subprocess
import sys
import time

from espalier.infra.settings import OWN_DATABASE, Settings
from espalier.infra.tracking.store import find_experiment, make_client


def test_the_first_client_makes_the_database_and_the_next_finds_it(tmp_path):
    settings = Settings(home=tmp_path / "home")
    client = make_client(settings)
    experiment = find_experiment(client, settings)
    run = client.create_run(experiment)
    client.set_terminated(run.info.run_id)
    again = make_client(settings)
    assert again.get_run(run.info.run_id).info.status == "FINISHED"
    assert again.search_registered_models() == []
    assert [path.name for path in settings.home.glob("*.db*")] == [OWN_DATABASE]
    assert not list(settings.home.glob(".*.partial*"))


def test_killed_while_it_is_made_it_is_made_anew(tmp_path):
    settings = Settings(home=tmp_path / "home")
    code = (
        "from pathlib import Path; from espalier.infra.settings import Settings;"
        "from espalier.infra.tracking.store import make_client;"
        f"make_client(Settings(home=Path({str(settings.home)!r})))"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    partial = settings.home / f".{OWN_DATABASE}.partial"
    while not partial.exists() or partial.stat().st_size < 50_000:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    database = settings.home / OWN_DATABASE
    assert not database.exists() or not database.stat().st_size
    client = make_client(settings)
    assert client.create_run(find_experiment(client, settings)).info.status == "RUNNING"
