import numpy as np

from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.space_alignment import (
    FEWEST_TRIALS,
    align_configuration,
    align_coordinates,
    align_knowledge,
    space_of,
)
from espalier.pipelines.trials.configuration import Configuration


def test_what_an_older_space_recorded_is_mapped_or_dropped_with_a_count(maker):
    dataset = maker.dataset(0)
    space = space_of(dataset.shape)
    plain = space.sample_family("linear", 12, np.random.default_rng(0))
    plain = list(dict.fromkeys(plain))
    older = [
        Configuration.of("linear", {**plain[0], "gone": 1}),  # becomes plain[0]
        Configuration.of("gone", {"a": 1}),
        Configuration.of("lightgbm", {"num_leaves": 31}),  # the rest takes defaults
        Configuration.of("linear", {**plain[1], "prep_scaling": "gone"}),
    ]
    known = align_knowledge(
        KnowledgeBase.of(
            maker.record(dataset, each, 0.5 + k / 100, number=k)
            for k, each in enumerate([*plain, *older])
        )
    )
    (only,) = known.datasets
    assert known.n_impossible == 2
    assert known.n_equal == 1
    assert len(only.configurations) == len(plain) + 1
    assert space.complete("lightgbm", {"num_leaves": 31}) in only.configurations
    assert only.X.shape == (len(plain) + 1, len(known.coordinates))
    assert np.isfinite(only.gains).all()


def test_datasets_with_few_trials_or_other_metafeatures_are_named(maker):
    dataset = maker.dataset(0)
    few = [
        maker.record(dataset, Configuration.of("linear", {"strength": 0.1 * k}), 0.5, number=k)
        for k in range(1, FEWEST_TRIALS)
    ]
    known = align_knowledge(KnowledgeBase.of(few))
    assert known.datasets == ()
    assert known.too_small == ("table0",)


def test_a_failure_ranks_below_every_score(maker):
    dataset = maker.dataset(0)
    space = space_of(dataset.shape)
    drawn = list(dict.fromkeys(space.sample(30, np.random.default_rng(0))))
    known = align_knowledge(
        KnowledgeBase.of(
            maker.record(dataset, each, None if k == 5 else -float(k), number=k)
            for k, each in enumerate(drawn)
        )
    )
    (only,) = known.datasets
    assert only.gains.argmin() == list(only.configurations).index(
        align_configuration(drawn[5], space)
    )


def test_coordinates_that_are_lacking_are_inactive():
    X = np.array([[1.0, 2.0]])
    np.testing.assert_array_equal(
        align_coordinates(X, ["a", "b"], ["b", "c", "a"]), [[2.0, -1.0, 1.0]]
    )
