"""Runs whose process nobody can see are ended once they stay silent, and not before."""

import time

import pytest

from espalier.infra.operations.silent_runs import SILENT_SECONDS, SilenceWatch
from espalier.infra.tracking import owned_run as owned_runs
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.owned_run import owned_run
from espalier.infra.tracking.tracking import Tracking


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def settings(new_settings):
    return new_settings()


def test_a_run_whose_container_is_gone_is_ended_with_its_trials(settings):
    tracking, clock = Tracking(settings), Clock()
    silent = tracking.start_run("retrain churn", tags={run_tags.BEAT: "1.0"})
    trial = tracking.start_run("trial", tags={run_tags.PARENT: silent})
    living = tracking.start_run("train churn", tags={run_tags.BEAT: "1.0"})
    old = tracking.start_run("of an older version")
    watch = SilenceWatch(settings, clock)
    # The first look tells nothing: only a change, or none, does.
    assert watch.look() == ()
    clock.now = SILENT_SECONDS - 1
    tracking.set_tags(living, {run_tags.BEAT: "2.0"})
    assert watch.look() == ()
    clock.now = SILENT_SECONDS + 1
    assert watch.look() == (trial, silent)
    status = {each: tracking.client.get_run(each).info.status for each in (silent, living, old)}
    assert status == {silent: "KILLED", living: "RUNNING", old: "RUNNING"}
    clock.now = 2 * SILENT_SECONDS + 2
    assert watch.look() == (living,)


def test_who_works_on_a_run_shows_it(settings, monkeypatch):
    monkeypatch.setattr(owned_runs, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(owned_runs, "_ASK_SECONDS", 0.05)
    tracking = Tracking(settings)
    with owned_run(tracking, "monitor churn", {}) as run_id:

        def sign():
            return tracking.client.get_run(run_id).data.tags[run_tags.BEAT]

        first, end = sign(), time.monotonic() + 30
        while sign() == first and time.monotonic() < end:
            time.sleep(0.02)
        assert sign() != first


def test_runs_of_models_with_experiments_of_their_own_are_seen(settings):
    settings = settings.model_copy(update={"experiment": "shop/{model}"})
    churn, tips = (Tracking(settings, name) for name in ("churn", "tips"))
    runs = [each.start_run("train", tags={run_tags.BEAT: "1.0"}) for each in (churn, tips)]
    trials = [
        each.start_run("trial", tags={run_tags.PARENT: run})
        for each, run in zip((churn, tips), runs, strict=True)
    ]
    names = {churn.client.get_experiment(each.experiment_id).name for each in (churn, tips)}
    assert names == {"shop/churn", "shop/tips"}
    clock = Clock()
    watch = SilenceWatch(settings, clock)
    watch.look()
    clock.now = SILENT_SECONDS + 1
    assert set(watch.look()) == {*runs, *trials}
