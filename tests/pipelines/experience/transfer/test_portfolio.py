import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.transfer.greedy_cover import cover_in_rounds, greedy_cover
from espalier.pipelines.experience.transfer.portfolio import WINNERS, build_portfolio, size_of
from espalier.pipelines.problem import ProblemKind


def left(regrets, chosen, weights):
    return float(np.minimum(1.0, regrets[list(chosen)].min(axis=0, initial=1.0)) @ weights)


@given(arrays(np.float64, (6, 4), elements=st.floats(0, 1)))
@settings(max_examples=60, deadline=None)
def test_each_next_choice_is_the_best_addition(regrets):
    weights = np.array([1.0, 1.0, 0.5, 0.2])
    chosen = greedy_cover(regrets, np.ones(6), weights, n=6)
    assert len(set(chosen)) == len(chosen)
    for n in range(len(chosen)):
        after = left(regrets, chosen[: n + 1], weights)
        for other in range(6):
            assert after <= left(regrets, (*chosen[:n], other), weights) + 1e-9
    # All that can be gained is gained.
    assert left(regrets, chosen, weights) <= left(regrets, range(6), weights) + 1e-6


def test_what_complements_comes_before_what_repeats():
    regrets = np.array([[0.0, 0.0, 1.0], [0.05, 0.05, 1.0], [1.0, 1.0, 0.0]])
    assert greedy_cover(regrets, np.ones(3), np.ones(3), n=2) == (0, 2)


def test_a_further_round_fills_up_with_the_next_best():
    regrets = np.array([[0.0, 0.0], [0.3, 0.3], [0.1, 0.1], [1.0, 1.0]])
    assert greedy_cover(regrets, np.ones(4), np.ones(2), n=4) == (0,)
    assert cover_in_rounds(regrets, np.ones(4), np.ones(2), n=4) == (0, 2, 1)


def test_a_gain_counts_by_the_seconds_it_takes():
    regrets = np.array([[0.0, 0.0], [0.1, 0.1]])
    assert greedy_cover(regrets, np.array([9.0, 1.0]), np.ones(2), n=1) == (1,)
    assert greedy_cover(regrets, np.array([1.0, 1.0]), np.ones(2), n=1) == (0,)


@pytest.fixture(scope="module")
def of_two_kinds(maker):
    """Linear models win where landmark_bend is low, boosting where it is high."""

    def law(dataset, configuration):
        bend = dataset.meta.to_dict()["landmark_bend"]
        wanted = "lightgbm" if bend > 0 else "linear"
        noise = int(configuration.digest[:6], 16) / 16_777_216
        return 0.5 + 0.4 * (configuration.family == wanted) + 0.02 * noise

    same = {"n_configurations": 30}
    curved = maker.knowledge(law, 3, **same, landmark_bend=2.0)
    # Other fingerprints for the straight ones.
    straight = maker.knowledge(law, 6, **same, landmark_bend=-2.0)
    keep = [
        each for each in straight.records if each.dataset.name in ("table3", "table4", "table5")
    ]
    return build_portfolio(align_knowledge(curved.merge(type(curved).of(keep))), seed=0)


def test_a_similar_dataset_decides_what_comes_first(maker, of_two_kinds):
    for bend, family in ((2.0, "lightgbm"), (-2.0, "linear")):
        # Only what is known to matter differs.
        nothing = dict.fromkeys(of_two_kinds.meta[0].names, 0.0)
        meta = maker.meta(99, **nothing | {"landmark_bend": bend})
        order = of_two_kinds.order_for(ProblemKind.BINARY, 800, meta)
        assert of_two_kinds.configurations[order[0]].family == family
        assert of_two_kinds.expected_regret(order[0], meta) < 0.5


def test_the_order_is_a_permutation_of_the_buckets_set(maker, of_two_kinds):
    plain = of_two_kinds.order_for(ProblemKind.BINARY, 800)
    again = of_two_kinds.order_for(ProblemKind.BINARY, 800, maker.meta(7))
    assert set(plain) == set(again)
    assert len(plain) >= 2


def test_sizes():
    assert [size_of(n) for n in (20, 1_999, 2_000, 19_999, 20_000)] == [
        "small",
        "small",
        "medium",
        "medium",
        "large",
    ]


def test_a_table_about_the_same_is_nearer(lawful_experience, maker):
    portfolio = build_portfolio(align_knowledge(lawful_experience), seed=0)
    meta = maker.meta(70)
    plain = portfolio.distances(meta)
    about = portfolio.statements[3]  # of its name and target, as nobody said
    told = portfolio.distances(meta, about)
    assert told[3] == pytest.approx(0.6 * plain[3])
    assert (told <= plain + 1e-12).all()
    np.testing.assert_allclose(portfolio.distances(meta, ()), plain)


def test_only_what_was_run_on_a_dataset_has_won_there(lawful_experience):
    known = align_knowledge(lawful_experience)
    # One dataset with few trials, whose median is soon reached: guesses must not count as wins.
    few = known.datasets[0].thinned(9)
    portfolio = build_portfolio(known.with_datasets((few, *known.datasets[1:])), seed=0)
    won = [portfolio.configurations[place] for place in portfolio.winners(few.dataset.content)]
    order = np.argsort(-few.scores, kind="stable")[:WINNERS]
    assert won == [few.configurations[place] for place in order]
    assert portfolio.winners("another") == ()
