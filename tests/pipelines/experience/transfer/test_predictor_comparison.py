import pytest

from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.transfer.predictor_comparison import (
    TOLERANCE,
    PredictorComparison,
    compare_predictors,
)
from espalier.pipelines.experience.transfer.validate import Validation


def validation(*values):
    return Validation(tuple((f"table{place}", value) for place, value in enumerate(values)))


@pytest.mark.parametrize(
    ("present", "fresh", "not_worse"),
    [
        (validation(0.5, 0.5, 0.5), validation(0.6, 0.5, 0.5), True),
        (validation(0.5, 0.5, 0.5), validation(0.5, 0.5, 0.5), True),
        (validation(0.5, 0.5, 0.5), validation(0.5, 0.5, 0.5 - 4 * TOLERANCE), False),
        (validation(0.21, 0.2, 0.2), validation(0.3, 0.19, 0.19), False),  # no longer to be trusted
        (None, validation(0.1, 0.1, 0.1), True),
    ],
)
def test_the_new_one_serves_only_if_it_is_not_worse(present, fresh, not_worse):
    comparison = PredictorComparison(present=present, fresh=fresh)
    assert comparison.is_not_worse is not_worse
    if present is not None:
        assert ("is worse" in comparison.words) is not not_worse
        assert ("the predictor is off" in comparison.words) is (not fresh.trusted)
        assert len(comparison.to_dict()["datasets"]) == 3


def test_a_predictor_beside_itself_is_the_same(lawful_experience):
    known = align_knowledge(lawful_experience)
    comparison = compare_predictors(known, known)
    assert comparison.difference == 0.0
    assert comparison.is_not_worse


def test_more_datasets_of_one_law_help_and_both_are_asked_about_all(lawful_experience):
    known = align_knowledge(lawful_experience)
    few = known.with_datasets(known.datasets[:3])
    comparison = compare_predictors(few, known)
    assert len(comparison.present.by_dataset) == len(comparison.fresh.by_dataset) == 6
    assert comparison.is_not_worse
    assert compare_predictors(None, known).present is None
