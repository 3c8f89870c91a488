"""Outcomes of trials, made up."""

import numpy as np

from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult, TrialStatus


def success(number: int, score: float = 0.5) -> TrialOutcome:
    trial = Trial(number=number, configuration=Configuration.of("knn", {"k": 3, "p": 0.1}), seed=1)
    result = TrialResult(
        trial=trial,
        status=TrialStatus.SUCCESS,
        score=score,
        score_std=0.1,
        fold_scores=(score, score),
        iterations=(3, 4),
    )
    return TrialOutcome(result, np.full((4, 2), number, dtype=np.float32))


def failure(number: int) -> TrialOutcome:
    trial = Trial(number=number, configuration=Configuration.of("svm", {}), seed=1)
    return TrialOutcome(TrialResult(trial=trial, status=TrialStatus.TIMEOUT, error="too slow"))
