"""Every name behind ``--search``, and what racing and weights do, through the whole flow."""

import pytest

from espalier.flows.train_flow import train
from espalier.pipelines.search.strategies.names import ASCENT, CANDIDATES, STRATEGIES
from espalier.pipelines.trials.trial import TrialStatus

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

# Two defaults, two draws that make four successes, and a batch by the strategy's own choice.
FORM = {"target": "diagnosis", "trials": 12, "families": "linear,bayes", "workers": 1}
ORIGINS = {
    "guided": {ASCENT, CANDIDATES},
    "gp": {ASCENT, CANDIDATES},
    "neural": {ASCENT, CANDIDATES},
    "forest": {"surrogate"},
}


# Those that begin with a population, or with ten trials of chance, need more for a choice.
TRIALS = {"evolution": 40, "local": 20, "policy": 20, "policy+critic": 20}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_training_by_every_strategy(flow_home, tumours, strategy):
    trials = TRIALS.get(strategy, 12)
    form = FORM | {"search": strategy, "name": strategy.replace("+", "-"), "trials": trials}
    report = train({"data": str(tumours), **form})
    assert report.n_trials == trials
    assert report.n_failed == 0
    origins = {row.origin for row in report.leaderboard}
    assert origins & ORIGINS.get(strategy, {strategy})
    stopped = [row for row in report.leaderboard if row.status is TrialStatus.PRUNED]
    assert all(row.score is None and row.weight == 0 for row in stopped)
    assert report.figures.get("n_pruned", 0) == len(stopped)


def test_weights_steer_the_score(flow_home, tumours, tmp_path):
    import pandas as pd

    table = pd.read_csv(tumours)
    table["counts"] = 1.0 + (table["diagnosis"] == "benign")
    path = tmp_path / "weighted.csv"
    table.to_csv(path, index=False)
    form = FORM | {"trials": 2, "families": "bayes", "metric": "accuracy", "name": "weighted"}
    weighted = train({"data": str(path), **form, "weight_column": "counts"})
    plain = train({"data": str(path), **form, "exclude": "counts", "name": "plain"})
    assert weighted.baseline_score != plain.baseline_score
    assert 0.5 < weighted.holdout_score <= 1.0
