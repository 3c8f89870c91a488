"""The baseline as a model, for a search in which every trial failed."""

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.evaluation.holdout import constant_prediction, dummy_score
from espalier.pipelines.learners.constant import NAME, constant_candidate
from espalier.pipelines.members.member import Member
from espalier.pipelines.metrics.metric import Metric

# No trial has this number.
NUMBER = -1


def choose_baseline(dataset: Dataset, metric: Metric) -> tuple[EnsembleChoice, list[Member]]:
    """Return the best constant prediction for the metric as the only member, and its model.

    Parameters
    ----------
    dataset : Dataset
        The search rows.
    metric : Metric
        The metric to optimise.
    """
    choice = EnsembleChoice(
        members=((NUMBER, 1.0),),
        method=NAME,
        rule=Combination(
            problem=dataset.problem, space=CombinationSpace.PROBABILITY, weights=(1.0,)
        ),
        cv_score=dummy_score(dataset, dataset.y, metric),
    )
    constant = constant_candidate(dataset, constant_prediction(dataset, metric))
    return choice, [Member(number=NUMBER, candidates=(constant,))]
