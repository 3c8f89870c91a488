from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.experience.advice import advise
from espalier.pipelines.experience.fit import fit_knowledge
from espalier.pipelines.experience.recording.space_alignment import space_of
from espalier.pipelines.experience.transfer.predictor import RunPrior
from espalier.pipelines.experience.transfer.unrecorded import Unrecorded
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.space.joint import SearchSpace


@pytest.fixture(scope="module")
def knowledge(lawful_experience):
    return fit_knowledge(lawful_experience, seed=0)


@pytest.fixture
def space(knowledge, maker):
    """A space with two families that no record is of; one of them resembles a recorded one."""
    shape = maker.dataset(0).shape
    recorded = {each.family for each in knowledge.portfolio.configurations}
    relative = min(recorded & set(space_of(shape).families))
    linear = LEARNERS["linear"]
    learners = [LEARNERS[name] for name in sorted(recorded) if LEARNERS[name].admits(shape)]
    new = replace(linear, name="new", resembles=relative)
    return SearchSpace((*learners, new, replace(linear, name="strange")), shape), relative


def test_only_families_without_records_that_resemble_one_with_records(knowledge, space):
    space, relative = space
    assert Unrecorded.of(space, knowledge.predictor).relatives == (("new", relative),)


def test_a_new_family_is_expected_to_score_what_the_default_of_its_relative_scores(
    knowledge, space, maker
):
    space, relative = space
    prior = RunPrior(knowledge.predictor, space, maker.meta(50))
    drawn = space.sample_family("new", 3, np.random.default_rng(0))
    X = space.encode([space.default(relative), *drawn, space.default("strange")])
    mean, slope = prior.mean_gradient(X)
    np.testing.assert_allclose(mean[1:4], mean[0])
    np.testing.assert_allclose(prior.mean(X), mean)
    assert not slope[1:4].any(), "whatever its hyperparameters"
    assert slope[0].any()
    assert mean[4] != mean[0], "nothing stands for a family that resembles none"


def test_it_is_tried_right_after_its_relative(knowledge, space, maker):
    space, relative = space
    first = advise(knowledge, space, maker.meta(50), most=len(space.families)).first
    families = [each.family for each in first]
    assert families.index("new") == families.index(relative) + 1
    assert families.count("new") == 1


def test_what_stands_in_leaves_the_others_as_they_are(knowledge, space):
    space, relative = space
    X = space.encode([space.default(each) for each in space.families])
    found, replaced = Unrecorded.of(space, knowledge.predictor).stand_ins(X)
    at = space.families.index("new")
    assert list(np.flatnonzero(replaced)) == [at]
    np.testing.assert_array_equal(np.delete(found, at, axis=0), np.delete(X, at, axis=0))
    np.testing.assert_array_equal(found[at], X[space.families.index(relative)])
