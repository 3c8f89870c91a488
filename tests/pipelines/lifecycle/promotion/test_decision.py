from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind, champions_before

P, R, H, K = (
    DecisionKind.PROMOTED,
    DecisionKind.ROLLED_BACK,
    DecisionKind.BY_HAND,
    DecisionKind.KEPT,
)


def log(*steps):
    """Return decisions of (kind, before, after)."""
    return [
        Decision(
            kind=kind,
            model="m",
            version=after,
            champion_before=before,
            champion_after=after,
            previous_after=None,
            actor="a",
            reasons=(),
        )
        for kind, before, after in steps
    ]


def before(*steps, existing=range(1, 10)):
    return champions_before(log(*steps), 1, existing)


def test_promotions_pile_up_and_rollbacks_take_off():
    assert before() == ()
    assert before((P, 1, 2), (K, 2, 2), (P, 2, 3)) == (1, 2)
    assert before((P, 1, 2), (P, 2, 3), (R, 3, 2)) == (1,)
    assert before((P, 1, 2), (P, 2, 3), (R, 3, 2), (R, 2, 1)) == ()
    assert before((P, 1, 2), (P, 2, 3), (R, 3, 2), (P, 2, 4)) == (1, 2)


def test_what_was_set_by_hand_counts_and_what_was_deleted_does_not():
    assert before((P, 1, 2), (H, 2, 5)) == (1, 2)
    assert before((P, 1, 2), (H, 2, 1)) == (2,)
    assert before((P, 1, 2), (P, 2, 3), existing=[1, 3]) == (1,)
    assert before((P, 1, 2), (P, 2, 3), (R, 3, 7)) == (1, 2)
    assert before((H, 1, None), (P, None, 3)) == (1,)


@given(st.lists(st.tuples(st.sampled_from([P, R, H]), st.integers(1, 5)), max_size=12))
def test_nobody_comes_back_twice_nor_instead_of_themselves(moves):
    champion, steps = 1, []
    for kind, after in moves:
        steps.append((kind, champion, after))
        champion = after
    pile = before(*steps)
    assert len(set(pile)) == len(pile)
    assert champion not in pile
