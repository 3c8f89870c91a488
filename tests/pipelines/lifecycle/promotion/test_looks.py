import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind
from espalier.pipelines.lifecycle.promotion.looks import (
    HELD_OUT,
    YEAR_MS,
    confidence_of_look,
    look_key,
)

DAY_MS = YEAR_MS // 365


def look(at_ms, *, version=2, mode="auto", rows="given", low=0.1):
    return Decision(
        kind=DecisionKind.KEPT,
        model="m",
        version=version,
        champion_before=1,
        champion_after=1,
        previous_after=None,
        actor="a",
        reasons=("r",),
        at_ms=int(at_ms),
        numbers={} if low is None else {"low": low},
        policy={"mode": mode, "rows": rows, "metric": None},
    )


def errors(times):
    """Return the share of the allowed error that each look spends."""
    log, spent = [], []
    for at in times:
        spent.append((1 - confidence_of_look(0.95, log, int(at))) / 0.05)
        log.append(look(at))
    return spent


@given(st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_no_year_spends_more_than_is_allowed(years):
    times = sorted(YEAR_MS * each for each in years)
    spent = errors(times)
    assert all(share > 0 for share in spent)
    for start in times:
        assert (
            sum(s for at, s in zip(times, spent, strict=True) if start <= at < start + YEAR_MS)
            <= 1 + 1e-9
        )


def test_a_year_of_weekly_looks_never_starves():
    spent = errors([7 * DAY_MS * week for week in range(104)])
    assert spent[0] == pytest.approx(0.25)
    assert min(spent) >= 1 / 105
    assert sum(spent[:52]) < 1
    assert errors([0, 2 * YEAR_MS])[1] == pytest.approx(0.25)  # no more than half is ever kept


def test_looking_again_at_the_same_rows_costs_nothing():
    log = [look(0, rows=HELD_OUT), look(1, version=3, rows=HELD_OUT)]
    first = confidence_of_look(0.95, [], 0)
    again = confidence_of_look(0.95, log, DAY_MS, same_as=look_key(1, 2, HELD_OUT, None))
    assert again == first
    assert confidence_of_look(0.95, log[:1] * 3, 1) == pytest.approx(
        confidence_of_look(0.95, log[:1], 1)
    )
    # Another metric, or rows that may be others by now, is another chance.
    assert confidence_of_look(0.95, log, 1, same_as=look_key(1, 2, HELD_OUT, "mae")) > first
    assert look_key(1, 2, "given", None) is None


def test_what_could_not_promote_anybody_is_no_look():
    idle = [look(0, mode="never"), look(0, low=None)]
    assert confidence_of_look(0.95, idle, 1) == confidence_of_look(0.95, [], 1)
