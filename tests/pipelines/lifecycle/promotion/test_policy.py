from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.lifecycle.promotion.comparison import ScoreComparison, SliceComparison
from espalier.pipelines.lifecycle.promotion.policy import (
    PromotionAction,
    PromotionMetrics,
    PromotionPolicy,
    decide,
)


def comparison(difference, spread=0.01, n_rows=500):
    return ScoreComparison(
        metric="roc_auc",
        higher_is_better=True,
        champion=0.8,
        challenger=0.8 + difference,
        difference=difference,
        low=difference - spread,
        high=difference + spread,
        n_rows=n_rows,
    )


def part(value, difference, n_rows=100):
    result = None if difference is None else comparison(difference, n_rows=n_rows)
    return SliceComparison(column="region", value=value, n_rows=n_rows, comparison=result)


def metrics(difference=0.05, **changes):
    return replace(PromotionMetrics(n_rows=500, comparison=comparison(difference)), **changes)


def test_a_surely_better_challenger_is_promoted():
    decision = decide(PromotionPolicy(), metrics())
    assert (decision.action, decision.passed) == (PromotionAction.PROMOTE, True)
    assert "0.85 against the champion's 0.8 on the same 500 rows" in decision.reasons[0]


@pytest.mark.parametrize(
    ("mode", "action"), [("approve", PromotionAction.ASK), ("never", PromotionAction.KEEP)]
)
def test_the_mode_has_the_last_word(mode, action):
    decision = decide(PromotionPolicy(mode=mode), metrics())
    assert (decision.action, decision.passed) == (action, True)


@pytest.mark.parametrize(
    ("policy", "found", "said"),
    [
        ({}, metrics(0.005), "not sure enough"),
        ({}, metrics(-0.1), "worse by 0.1"),
        ({"margin": 0.045}, metrics(), "margin 0.045"),
        ({"min_rows": 501}, metrics(), "Only 500 rows.*501 are needed"),
        ({}, metrics(comparison=None), "not defined"),
        ({}, metrics(obstacles=("No key.",)), "No key"),
        ({}, metrics(slices=(part("north", 0.1), part("south", -0.02))), "south .100 rows"),
        ({"slice_limit": 0.01}, metrics(slices=(part("south", -0.011),)), "limit is 0.01"),
        ({"max_latency_ms": 5}, metrics(latency_ms=7.0), "7 ms a row; the limit is 5"),
        ({"max_latency_ms": 5}, metrics(), "unknown"),
        ({"max_size_mb": 10}, metrics(size_mb=11.0), "11 MB"),
    ],
)
@pytest.mark.parametrize("mode", ["auto", "approve", "never"])
def test_what_speaks_against_it_is_said_and_nobody_is_asked(policy, found, said, mode):
    decision = decide(PromotionPolicy(mode=mode, **policy), found)
    assert (decision.action, decision.passed) == (PromotionAction.KEEP, False)
    assert pytest.importorskip("re").search(said, decision.reasons[0]), decision.reasons


def test_every_fault_is_named():
    faults = metrics(-0.1, latency_ms=9.0, size_mb=9.0, slices=(part("a", -0.1),))
    policy = PromotionPolicy(max_latency_ms=1, max_size_mb=1)
    assert len(decide(policy, faults).reasons) == 4


def test_slices_that_gain_lose_little_or_cannot_be_judged_are_no_obstacle():
    slices = (part("a", 0.1), part("b", -0.005), part("c", None))
    decision = decide(PromotionPolicy(), metrics(slices=slices))
    assert decision.passed
    assert "could not be judged" in decision.reasons[-1]
    assert decide(PromotionPolicy(slice_limit=0.005001), metrics(slices=slices)).passed


def test_a_negative_margin_lets_an_equal_one_pass():
    decision = decide(PromotionPolicy(margin=-0.02), metrics(0.0))
    assert decision.passed
    assert "no worse than allowed" in decision.reasons[0]


@given(
    st.floats(-1, 1),
    st.floats(0, 1),
    st.floats(-0.5, 0.5),
    st.floats(0, 0.5),
    st.lists(st.floats(-1, 1), max_size=4),
    st.floats(0, 1),
)
def test_asking_for_more_never_helps(difference, spread, margin, more, slices, limit):
    found = PromotionMetrics(
        n_rows=100,
        comparison=comparison(difference, spread),
        slices=tuple(part(str(at), each) for at, each in enumerate(slices)),
    )
    easy = PromotionPolicy(margin=margin, slice_limit=limit)
    hard = PromotionPolicy(margin=margin + more, slice_limit=limit / 2)
    if decide(hard, found).passed:
        assert decide(easy, found).passed
    if decide(easy, found).passed:
        assert difference - spread > margin
        assert all(-each <= limit for each in slices)
