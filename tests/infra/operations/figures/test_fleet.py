"""The figures that operators watch are those of the stores."""

import time

import pytest

from espalier.infra.operations.figures.fleet import model_figures, trial_figures
from espalier.infra.registry.registry import register_version
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.tracking import Tracking


@pytest.fixture(scope="module")
def settings(new_settings, saved_model, raw_rows):
    """Two models: one with a challenger that was monitored twice, one that was not."""
    settings = new_settings()
    tracking = Tracking(settings)
    for name in ("churn", "churn", "plain"):
        register_version(
            tracking,
            name=name,
            run_id=tracking.start_run("training"),
            folder=saved_model,
            example=raw_rows,
        )
    for outcome, figures in (
        ("healthy", {"drift_largest_index": 0.01}),
        ("retrain", {"drift_largest_index": 0.4, "drift_columns": 2.0, "score_drop": 0.1}),
    ):
        run = tracking.start_run("monitor churn")
        tracking.set_tags(
            run,
            {run_tags.KIND: "monitor", run_tags.MODEL: "churn", run_tags.OUTCOME: outcome},
        )
        tracking.finish_run(run, figures)
        time.sleep(0.01)
    for number in range(3):
        run = tracking.start_run("trial")
        tracking.set_tags(run, {run_tags.TRIAL: str(number)})
        tracking.finish_run(run)
    return settings


def test_every_model_is_there_with_its_versions(settings):
    churn, plain = model_figures(settings)
    assert (churn.name, churn.n_versions, churn.champion) == ("churn", 2, 1)
    assert (plain.name, plain.n_versions, plain.champion) == ("plain", 1, 1)
    assert churn.challenger_waits
    assert not plain.challenger_waits
    assert 0 <= time.time() - churn.champion_at < 600
    assert churn.trained_at >= churn.champion_at


def test_the_newest_monitoring_counts(settings):
    churn, plain = model_figures(settings)
    assert churn.monitored.outcome == "retrain"
    assert churn.monitored.drift == 0.4
    assert churn.monitored.score_drop == 0.1
    assert churn.monitored.score is None
    assert plain.monitored is None


def test_trials_are_counted_by_their_end(settings):
    assert trial_figures(settings) == {"FINISHED": 3}


def test_nothing_is_there_at_first(new_settings):
    settings = new_settings()
    assert model_figures(settings) == ()
    assert trial_figures(settings) == {}
