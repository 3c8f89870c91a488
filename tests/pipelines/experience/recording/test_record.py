import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.experience.recording.record import KnowledgeBase, rank_quantiles
from espalier.pipelines.trials.configuration import Configuration


@st.composite
def some_records(draw, maker):
    """Records of few datasets and configurations, so that many meet."""
    records = []
    for _ in range(draw(st.integers(0, 8))):
        configuration = Configuration.of("linear", {"strength": draw(st.sampled_from([0.1, 1.0]))})
        records.append(
            maker.record(
                maker.dataset(draw(st.integers(0, 1))),
                configuration,
                draw(st.sampled_from([None, 0.5, 0.75])),
                number=draw(st.integers(0, 3)),
                at=draw(st.sampled_from(["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"])),
            )
        )
    return KnowledgeBase.of(records)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_merging_does_not_depend_on_order_and_adds_nothing_twice(maker, data):
    a, b, c = (data.draw(some_records(maker)) for _ in range(3))
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(a) == a
    both = a.merge(b)
    keys = [each.key for each in both.records]
    assert len(set(keys)) == len(keys)
    assert set(keys) == {each.key for each in a.records} | {each.key for each in b.records}


def test_a_success_stays_before_a_newer_failure_and_a_newer_success_before_an_older(maker):
    dataset, configuration = maker.dataset(0), Configuration.of("linear", {"strength": 1.0})
    old = maker.record(dataset, configuration, 0.5, at="2026-01-01T00:00:00Z")
    new = maker.record(dataset, configuration, 0.6, at="2026-02-01T00:00:00Z")
    failed = maker.record(dataset, configuration, None, at="2026-03-01T00:00:00Z")
    assert KnowledgeBase.of([failed, old]).records == (old,)
    assert KnowledgeBase.of([old, new, failed]).records == (new,)


def test_no_cell_of_an_error_and_no_worker_is_kept(maker):
    record = maker.record(maker.dataset(0), Configuration.of("linear", {}), None)
    assert record.result.error == "ValueError"
    assert "secret" not in repr(record)
    assert record.result.worker == ""


def test_a_history_numbers_on_what_two_builds_numbered_alike(maker):
    dataset = maker.dataset(0)
    records = [
        maker.record(dataset, Configuration.of("linear", {"strength": value}), 0.5, number=2)
        for value in (0.1, 1.0)
    ]
    history = KnowledgeBase.of(records).history(dataset)
    assert sorted(history.numbers) == [2, 3]
    assert history.metric.name == "roc_auc"


@given(st.lists(st.floats(-1e6, 1e6) | st.just(-np.inf), min_size=1, max_size=30))
def test_quantiles_are_ranks_within_zero_and_one(gains):
    found = rank_quantiles(np.array(gains))
    assert ((found > 0) & (found < 1)).all()
    order = np.argsort(gains)
    assert (np.diff(found[order]) >= 0).all()
    assert len(set(found)) == len(set(gains))
