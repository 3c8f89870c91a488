from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.metrics import measure_promotion, rows_with_target
from espalier.pipelines.lifecycle.promotion.policy import PromotionPolicy
from espalier.pipelines.lifecycle.promotion.predictions import ModelPredictions

N = 200
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "region": np.where(np.arange(N) < 150, "north", "south"),
        "customer": np.arange(N) // 20,
        "bought": np.where(RNG.random(N) < 0.5, "yes", "no"),
    }
)
TRUE = (TABLE["bought"] == "yes").to_numpy()


def answers(noise, classes=("no", "yes")):
    high = np.clip(np.where(TRUE, 0.9, 0.1) + noise * RNG.normal(size=N), 0, 1)
    return ModelPredictions(
        scores=np.column_stack([1 - high, high]), classes=classes, latency_ms=2.0, size_mb=3.0
    )


def weighed(champion, challenger, **changes):
    values = {"target": "bought", "metric": "log_loss", "policy": PromotionPolicy(), "seed": 0}
    return measure_promotion(TABLE, champion=champion, challenger=challenger, **(values | changes))


def test_scores_slices_latency_and_size():
    found = weighed(answers(0.4), answers(0.01), slices=["region"])
    assert found.comparison.low > 0
    assert found.comparison.champion > found.comparison.challenger  # a loss
    assert [(each.value, each.n_rows) for each in found.slices] == [("north", 150), ("south", 50)]
    assert (found.n_rows, found.latency_ms, found.size_mb) == (N, 2.0, 3.0)
    assert found.obstacles == ()


def test_metrics_of_labels_judge_what_each_model_decides():
    timid = np.where(TRUE, 0.3, 0.1)
    told = ModelPredictions(
        scores=np.column_stack([1 - timid, timid]),
        classes=("no", "yes"),
        latency_ms=2.0,
        size_mb=3.0,
    )
    decides = replace(told, threshold=0.2)
    found = weighed(told, decides, metric="balanced_accuracy")
    assert (found.comparison.champion, found.comparison.challenger) == (0.5, 1.0)
    assert weighed(told, decides, metric="log_loss").comparison.difference == 0.0


def test_rows_of_a_group_are_drawn_together():
    one, other = answers(0.3), answers(0.25)
    alone, grouped = weighed(one, other), weighed(one, other, group_column="customer")
    assert alone.comparison.difference == grouped.comparison.difference
    assert alone.comparison.low != grouped.comparison.low


def test_rows_count_as_much_as_they_weigh(monkeypatch):
    one, other = answers(0.3), answers(0.25)
    half = np.where(np.arange(N) < 100, 3.0, 0.0)
    monkeypatch.setitem(TABLE, "weight", half)
    found = weighed(one, other, weight_column="weight")
    loss = -np.log(np.clip(np.where(TRUE, one.scores[:, 1], one.scores[:, 0])[:100], 1e-7, None))
    assert found.comparison.champion == pytest.approx(loss.mean(), rel=1e-2)
    assert found.comparison.champion != weighed(one, other).comparison.champion


def test_weighted_models_are_not_compared_by_rows_without_weights():
    found = weighed(answers(0.3), answers(0.2), weight_column="lost")
    assert found.comparison is None
    assert "no column 'lost'" in found.obstacles[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"challenger": answers(0.1, ("nein", "ja"))}, "The target holds"),
        ({"metric": "rmse"}, "Metric 'rmse' does not fit"),
    ],
)
def test_what_stands_in_the_way_is_a_sentence(changes, said):
    found = weighed(answers(0.1), changes.pop("challenger", answers(0.1)), **changes)
    assert found.comparison is None
    assert found.obstacles[0].startswith(said)
    assert found.obstacles[0].endswith(".")


def test_rows_without_a_target_are_no_evidence():
    table = TABLE.assign(bought=TABLE["bought"].where(np.arange(N) >= 5))
    assert len(rows_with_target(table, "bought")) == N - 5
    with pytest.raises(UserError, match="no column 'sold'"):
        rows_with_target(table, "sold")
