from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.metrics import measure_promotion, rows_with_target
from espalier.pipelines.lifecycle.promotion.policy import (
    PromotionAction,
    PromotionPolicy,
    decide,
    percent,
)
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


@pytest.mark.parametrize("n_groups", [1, 2, 3, 9])
def test_fewer_than_ten_groups_are_an_obstacle_however_many_rows(n_groups, monkeypatch):
    monkeypatch.setitem(TABLE, "few", np.arange(N) % n_groups)
    found = weighed(answers(0.9), answers(0.01), group_column="few", slices=["region"])
    assert f"only {n_groups:,} group" in found.obstacles[0]
    assert "10 are needed" in found.obstacles[0]
    decided = decide(PromotionPolicy(), found)
    assert decided.action is PromotionAction.KEEP
    assert decided.reasons == found.obstacles
    # Ten are enough, and the slices draw whole groups too.
    enough = weighed(answers(0.9), answers(0.01), group_column="customer", slices=["region"])
    assert enough.obstacles == ()
    assert (enough.comparison.n_groups, enough.slices[0].comparison.n_groups) == (10, 8)
    assert decide(PromotionPolicy(), enough).action is PromotionAction.PROMOTE


def test_rows_without_their_groups_are_not_compared():
    found = weighed(answers(0.3), answers(0.2), group_column="lost")
    assert found.comparison is None
    assert "no column 'lost'" in found.obstacles[0]


def test_a_slice_of_one_group_cannot_be_judged(monkeypatch):
    monkeypatch.setitem(TABLE, "region", np.where(np.arange(N) < 160, "north", "south"))
    monkeypatch.setitem(TABLE, "owner", np.minimum(np.arange(N) // 16, 10))
    found = weighed(answers(0.9), answers(0.01), group_column="owner", slices=["region"])
    assert found.slices[1].comparison.high == np.inf
    said = decide(PromotionPolicy(), found).reasons
    assert any("1 slices could not be judged" in each for each in said)


def test_a_comparison_of_many_is_stricter_than_its_slices_and_says_so():
    one, other = answers(0.9), answers(0.01)
    found = weighed(one, other, confidence=0.999, slices=["region"])
    assert found.confidence == 0.999
    alone = weighed(one, other, slices=["region"])
    assert found.comparison.low < alone.comparison.low
    assert found.slices == alone.slices
    assert "at 99.9 %" in decide(PromotionPolicy(), found).reasons[0]


@pytest.mark.parametrize(
    ("level", "shown"),
    [(0.95, "95 %"), (0.9, "90 %"), (0.5001, "50 %"), (0.9875, "98.8 %"), (0.99952, "99.952 %")],
)
def test_a_level_has_as_many_digits_as_its_error(level, shown):
    assert percent(level) == shown
