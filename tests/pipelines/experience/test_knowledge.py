import json
import os
from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.advice import advise, measure_advice
from espalier.pipelines.experience.first_candidates import Candidates
from espalier.pipelines.experience.fit import fit_knowledge
from espalier.pipelines.experience.knowledge import CARD_FILE, PREDICTOR_FILE, open_knowledge
from espalier.pipelines.experience.recording.space_alignment import align_configuration, space_of
from espalier.pipelines.experience.transfer.portfolio import WINNERS
from espalier.pipelines.experience.transfer.validate import Validation
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


@pytest.fixture(scope="module")
def knowledge(lawful_experience):
    return fit_knowledge(lawful_experience, seed=0)


@pytest.fixture
def folder(knowledge, tmp_path):
    knowledge.save(tmp_path / "fitted")
    return tmp_path / "fitted"


def test_what_is_saved_comes_back(knowledge, folder, maker):
    again = open_knowledge(folder)
    assert again.card == knowledge.card
    assert again.validation == knowledge.validation
    assert again.portfolio.configurations == knowledge.portfolio.configurations
    space = space_of(maker.dataset(0).shape)
    meta = maker.meta(50)
    mine, theirs = advise(knowledge, space, meta), advise(again, space, meta)
    assert theirs.first == mine.first
    np.testing.assert_allclose(theirs.expected, mine.expected, atol=1e-4)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def test_nothing_in_the_folder_is_unpickled(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    path = folder / PREDICTOR_FILE
    np.savez(path, landmarks=np.array([Evil()], dtype=object))
    record = json.loads((folder / CARD_FILE).read_text())
    import hashlib

    record["predictor"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / CARD_FILE).write_text(json.dumps(record))
    with pytest.raises(UserError, match="damaged"):
        open_knowledge(folder)
    assert not (tmp_path / "unpickled").exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / CARD_FILE).unlink(), "holds no fitted experience"),
        (lambda folder: (folder / CARD_FILE).write_text("{"), "cannot be read"),
        (lambda folder: (folder / CARD_FILE).write_text("{}"), "damaged"),
        (lambda folder: (folder / PREDICTOR_FILE).write_bytes(b"x"), "is not the one"),
        (
            lambda folder: (folder / CARD_FILE).write_text(
                (folder / CARD_FILE).read_text().replace('"version": 3', '"version": 9', 1)
            ),
            "version 9",
        ),
    ],
)
def test_a_folder_that_is_wrong_is_refused(folder, spoil, said):
    spoil(folder)
    with pytest.raises(UserError, match=said) as caught:
        open_knowledge(folder)
    assert "espalier experience fit" in str(caught.value)


def test_advice_is_of_the_runs_space_and_names_similar_datasets(knowledge, maker):
    shape = maker.dataset(0).shape
    narrow = SearchSpace(choose_learners(["linear", "knn"], shape), shape)
    found = advise(knowledge, narrow, knowledge.portfolio.meta[2])
    assert {each.family for each in found.first} <= {"linear", "knn"}
    assert found.n_impossible > 0
    assert found.similar[0] == (knowledge.portfolio.datasets[2], 0.0)
    whole = advise(knowledge, space_of(shape), maker.meta(50))
    assert 0 < len(whole.first) <= 10
    assert all(0 <= each <= 1 for each in whole.expected)
    assert whole.first[0].family in ("lightgbm", "catboost")


def test_an_untrusted_predictor_is_not_asked(knowledge, maker):
    off = replace(knowledge, validation=Validation((("a", 0.1), ("b", 0.1), ("c", 0.1))))
    found = advise(off, space_of(maker.dataset(0).shape), maker.meta(50))
    assert "off" in found.basis
    assert found.prior is None
    on = advise(knowledge, space_of(maker.dataset(0).shape), maker.meta(50))
    # Without the predictor the portfolio's own order counts.
    shape = maker.dataset(0).shape
    order = knowledge.portfolio.order_for(shape.problem, shape.n_rows, maker.meta(50))
    best = knowledge.portfolio.configurations[order[0]]
    assert found.first[0] == align_configuration(best, space_of(shape))
    assert found.expected != on.expected
    assert on.prior is not None


def test_a_trusted_predictor_guides_the_search_as_far_as_the_trials_agree(knowledge, maker):
    dataset = maker.dataset(0)
    space = space_of(dataset.shape)
    prior = advise(knowledge, space, maker.meta(50)).prior
    known = [
        *map(space.default, space.families),
        *(each for family in space.families for each in space.starters(family)),
        *space.sample(10, np.random.default_rng(1)),
    ]
    expected = prior.mean(space.encode(known))
    picked = {}
    for sign in (1.0, -1.0):
        scores = [
            (each, 0.5 + 0.1 * sign * value) for each, value in zip(known, expected, strict=True)
        ]
        own, cold = (
            [
                each.configuration
                for each in propose_trials(
                    space, history_of(dataset, scores), n=3, seed=0, strategy="gp", prior=given
                )
            ]
            for given in (prior, None)
        )
        # What misleads has no say.
        assert (own != cold) == (sign > 0)
        picked[sign] = prior.mean(space.encode(own)).mean()
    assert picked[1.0] > picked[-1.0]


def history_of(dataset, scores):
    return History(
        dataset.scored_by,
        tuple(
            TrialResult(
                trial=Trial(number=k, configuration=each, seed=0),
                status=TrialStatus.FAILED if score is None else TrialStatus.SUCCESS,
                score=score,
            )
            for k, (each, score) in enumerate(scores)
        ),
    )


def test_the_record_says_what_was_expected_and_what_came(knowledge, maker):
    dataset = maker.dataset(0)
    advice = advise(knowledge, space_of(dataset.shape), maker.meta(50))
    as_expected = [
        (each, 0.5 + value) for each, value in zip(advice.first, advice.expected, strict=True)
    ]
    found = measure_advice(advice, history_of(dataset, as_expected))
    assert found.correlation == pytest.approx(1.0)
    assert "1.00" in found.lines[1]
    against = measure_advice(
        advice, history_of(dataset, [(each, -value) for each, value in as_expected])
    )
    assert against.correlation == pytest.approx(-1.0)
    few = measure_advice(advice, history_of(dataset, [*as_expected[:2], (advice.first[2], None)]))
    assert few.correlation is None
    assert few.observed[2] is None
    record = json.loads(json.dumps(found.to_dict()))
    assert [each["name"] for each in record["similar_datasets"]]
    assert record["first"][0]["expected_quantile"] == advice.expected[0]


def test_what_won_on_this_very_dataset_comes_first(knowledge, lawful_experience, maker):
    known = maker.dataset(2)
    space = space_of(known.shape)
    found = advise(knowledge, space, known.meta, content=known.content, source="ours")
    scores = {
        each.result.trial.configuration: each.result.score
        for each in lawful_experience.by_dataset[known.key]
    }
    best = sorted(scores, key=scores.get)[-1]
    assert found.n_winners == WINNERS
    assert found.first[0] == best
    assert "won on this very dataset" in measure_advice(found, history_of(known, [])).lines[0]
    assert "(ours)" in measure_advice(found, history_of(known, [])).lines[0]
    assert advise(knowledge, space, known.meta, content="another").n_winners == 0


def candidates(space, configurations, mean, **given):
    n = len(configurations)
    plain = {
        "doubt": np.zeros(n),
        "costs": np.ones(n),
        "nearness": np.eye(n),
        "is_default": np.zeros(n, dtype=bool),
    }
    return Candidates(configurations=tuple(configurations), mean=mean, **(plain | given))


def test_the_first_ones_are_promising_sure_cheap_and_unlike_each_other(maker):
    space = space_of(maker.dataset(0).shape)
    four = space.sample(4, np.random.default_rng(0))
    best = candidates(space, four, np.array([0.1, 0.4, 0.3, 0.2]))
    assert best.by_promise(3) == [1, 2, 3]
    doubtful = candidates(space, four, np.zeros(4), doubt=np.array([0.3, 0.0, 0.2, 0.1]))
    assert doubtful.by_promise(9) == [1, 3, 2, 0]
    dear = candidates(space, four, np.zeros(4), costs=np.array([1.0, 4.0, 2.0, 3.0]))
    assert dear.by_promise(2) == [0, 2]
    twins = np.eye(4)
    twins[1, 2] = twins[2, 1] = 0.99
    assert candidates(space, four, best.mean, nearness=twins).by_promise(3) == [1, 3, 0]
    known = candidates(space, four, best.mean, is_default=np.array([True, False, False, True]))
    assert known.by_promise(4) == [3, 1, 0, 2]
