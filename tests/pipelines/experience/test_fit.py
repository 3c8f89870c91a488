"""Prediction, validation and the switch, on experience whose law is known."""

from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.fit import fit_knowledge
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.transfer.predictor import RunPrior
from espalier.pipelines.experience.transfer.process_validation import (
    LeaveOneOutProcess,
    validate_process,
)
from espalier.pipelines.experience.transfer.transfer_process import ProcessExperience
from espalier.pipelines.experience.transfer.validate import spearman
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.space.joint import SearchSpace


@pytest.fixture(scope="module")
def knowledge(lawful_experience):
    return fit_knowledge(lawful_experience, seed=0)


def test_a_law_that_holds_everywhere_is_learned_for_a_dataset_left_out(knowledge):
    assert knowledge.validation.median > 0.6
    assert knowledge.validation.trusted
    assert len(knowledge.validation.by_dataset) == 6


def test_noise_switches_the_predictor_off(maker):
    rng = np.random.default_rng(3)
    noise = maker.knowledge(lambda dataset, each: float(rng.random()), 6, 25)
    found = validate_process(align_knowledge(noise), align_knowledge(noise))
    assert abs(found.median) < 0.2
    assert not found.trusted
    assert "off" in found.words


def test_too_few_datasets_cannot_be_validated_so_it_is_off(maker):
    known = align_knowledge(maker.knowledge(lambda dataset, each: float(len(each)), 2, 20))
    found = validate_process(known, known)
    assert not found.trusted
    assert "fewer than 3" in found.words


def test_two_targets_of_one_table_are_left_out_together(maker):
    known = align_knowledge(maker.knowledge(lambda dataset, each: float(len(each)), 4, 20))
    first, other, *rest = known.datasets
    same = replace(other.dataset, fingerprint=first.dataset.fingerprint)
    for changed, told in ((replace(other, dataset=same), False), (other, True)):
        answers = [
            LeaveOneOutProcess(replace(known, datasets=(first, each, *rest))).expected(
                first, known.coordinates
            )
            for each in (changed, replace(changed, scores=changed.scores[::-1].copy()))
        ]
        assert np.allclose(*answers) is not told


def test_nothing_to_learn_from_is_said():
    with pytest.raises(UserError, match="espalier experience build"):
        fit_knowledge(KnowledgeBase(), seed=0)


def test_the_prior_of_a_run_has_the_gradient_of_its_mean(knowledge, lawful_experience, maker):
    known = align_knowledge(lawful_experience)
    space = known.datasets[0].space
    prior = RunPrior(knowledge.predictor, space, maker.meta(50))
    X = space.encode(list(known.datasets[0].configurations[:6]))
    at = np.where(X >= 0, 0.1 + 0.8 * X, X)
    mean, slope = prior.mean_gradient(at)
    np.testing.assert_allclose(mean, prior.mean(at))
    direction = np.where(at >= 0, 1.0, 0.0)
    step = 1e-5
    moved = prior.mean(at + step * direction) - prior.mean(at - step * direction)
    np.testing.assert_allclose((slope * direction).sum(axis=1), moved / (2 * step), rtol=1e-4)


def test_a_space_with_coordinates_of_its_own_is_no_obstacle(knowledge, lawful_experience, maker):
    space = align_knowledge(lawful_experience).datasets[0].space
    X = space.encode([space.default("linear"), space.default("knn")])
    prior = RunPrior(knowledge.predictor, space, maker.meta(50))
    own = SearchSpace((replace(LEARNERS["linear"], name="own"), *space.learners), space.shape)
    wider = RunPrior(knowledge.predictor, own, maker.meta(50))
    more = own.encode([own.default("linear"), own.default("knn")])
    np.testing.assert_allclose(wider.mean(more), prior.mean(X))
    assert wider.mean_gradient(more)[1].shape == more.shape


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([1, 2, 3], [10, 20, 30], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        ([1, 1, 1], [1, 2, 3], 0.0),
        ([1, 2, 3], [-np.inf, 0, 1], 1.0),
    ],
)
def test_spearman(left, right, expected):
    assert spearman(np.array(left, float), np.array(right, float)) == pytest.approx(expected)


def one_by_one(known):
    """Return the rank correlations of processes fitted anew without each dataset."""
    found = {}
    for place, held in enumerate(known.datasets):
        same = held.dataset.fingerprint
        rest = tuple(each for each in known.datasets if each.dataset.fingerprint != same)
        others = replace(known, datasets=rest)
        mean, _ = ProcessExperience(seed=place).fit(others).predict(held.X, held.dataset.meta)
        found[held.dataset.name] = spearman(mean, held.scores)
    return found


def test_leaving_out_in_one_go_is_leaving_out_one_by_one(lawful_experience):
    known = align_knowledge(lawful_experience)
    quick = dict(validate_process(known, known).by_dataset)
    # Scales of the meta-features are of all datasets in one and of the others in the other; the
    # landmarks are an approximation.
    for name, value in one_by_one(known).items():
        assert quick[name] == pytest.approx(value, abs=0.1)


def test_what_is_thinned_keeps_best_and_worst(lawful_experience):
    whole = align_knowledge(lawful_experience).datasets[0]
    few = whole.thinned(9)
    assert len(few.configurations) == len(few.X) == 9
    assert {few.scores.max(), few.scores.min()} == {whole.scores.max(), whole.scores.min()}
