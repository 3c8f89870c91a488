"""How long a fitted model takes for one row, how large it is, and what it computes."""

import time
from typing import TYPE_CHECKING

import pandas as pd

from espalier.pipelines.evaluation.progress import TrialProgress, pickled_mb

if TYPE_CHECKING:
    from espalier.pipelines.learners.candidate import Candidate

# Number of predictions of a single row, to measure how long one takes.
_ROW_ANSWERS = 3


def weigh_model(candidate: "Candidate", row: pd.DataFrame, progress: TrialProgress) -> None:
    """Record the latency for ``row``, the size and the operations of a fitted model."""
    from espalier.pipelines.learners.light.counts import count_model
    from espalier.pipelines.learners.registry import LEARNERS, NETWORKS

    progress.row_ms = _row_ms(candidate, row)
    progress.size_mb = pickled_mb(candidate)
    # What a family of the user's own holds is not known.
    learner = candidate.learner
    if (LEARNERS.get(learner.name) or NETWORKS.get(learner.name)) == learner:
        counts = count_model(candidate.model_)
        if counts is not None:
            progress.parameters, progress.operations = counts.parameters, counts.operations


def _row_ms(candidate: "Candidate", row: pd.DataFrame) -> float:
    """Return the milliseconds that a model takes to predict one row, the fastest of a few tries.

    Measured as CPU time of this process, because the machine is busy with other trials.
    """
    seconds = []
    for _ in range(_ROW_ANSWERS):
        before = time.process_time()
        candidate.predict_scores(row)
        seconds.append(time.process_time() - before)
    return 1000.0 * min(seconds)
