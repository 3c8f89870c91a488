"""The leaderboard: the trials of a run as a table, best first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from espalier.pipelines.members.preference import USUAL_COSTS
from espalier.pipelines.members.serving_limits import pareto
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult, TrialStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardRow:
    """One trial on the leaderboard.

    Attributes
    ----------
    trial : int
        Number of the trial.
    family : str
        Its model family.
    score, score_std : float or None
        Mean and standard deviation over the folds; None without success.
    fit_seconds : float
        Mean seconds to fit one fold.
    predict_ms_per_row : float or None
        Milliseconds per row in a batch.
    size_mb : float or None
        Size of one model, in MiB.
    weight : float
        Its weight in the ensemble; 0 if it is not a member.
    status : TrialStatus
        How it ended.
    origin : str
        Where the proposal came from.
    configuration : Configuration
        The configuration that was evaluated.
    row_ms : float or None
        Milliseconds for a single row.
    pareto : bool
        Whether it is Pareto-optimal: no other trial is at least as good in score and costs.
    operations : int or None
        Operations for a row; None if unknown.
    variant : str
        What was done to a larger model to make this one; empty for other trials.
    """

    trial: int
    family: str
    score: float | None
    score_std: float | None
    fit_seconds: float
    predict_ms_per_row: float | None
    size_mb: float | None
    weight: float
    status: TrialStatus
    origin: str
    configuration: Configuration
    row_ms: float | None = None
    pareto: bool = False
    operations: int | None = None
    variant: str = ""


def make_leaderboard(
    history: History,
    weights: Mapping[int, float] | None = None,
    costs: Sequence[str] = USUAL_COSTS,
) -> tuple[LeaderboardRow, ...]:
    """Return the leaderboard, best trial first; trials without a score last, by number.

    Parameters
    ----------
    history : History
        The trials of the run.
    weights : mapping of int to float, optional
        Weight in the ensemble by trial number.
    costs : sequence of str
        What is to be small beside the score, for the mark of Pareto-optimal trials.
    """
    weights = weights or {}
    best_first = sorted(history.successes, key=history.gain, reverse=True)  # stable: ties by number
    rest = [result for result in history.ordered if not result.succeeded]
    best = {result.trial.number for result in pareto(best_first, history.gain, costs)}
    return tuple(
        _row(result, weights.get(result.trial.number, 0.0), result.trial.number in best)
        for result in (*best_first, *rest)
    )


def leaderboard_frame(rows: Sequence[LeaderboardRow]) -> pd.DataFrame:
    """Return the leaderboard as a DataFrame, one row per trial, configurations as dictionaries."""
    names = (
        "trial",
        "family",
        "score",
        "score_std",
        "fit_seconds",
        "predict_ms_per_row",
        "row_ms",
        "size_mb",
        "operations",
        "pareto",
        "weight",
        "variant",
    )
    return pd.DataFrame(
        [
            {
                **{name: getattr(row, name) for name in names},
                "status": str(row.status),
                "configuration": dict(row.configuration),
            }
            for row in rows
        ]
    )


def _row(result: TrialResult, weight: float, on_front: bool) -> LeaderboardRow:
    return LeaderboardRow(
        trial=result.trial.number,
        family=result.trial.configuration.family,
        score=result.score,
        score_std=result.score_std,
        fit_seconds=result.fit_seconds,
        predict_ms_per_row=result.predict_ms_per_row,
        size_mb=result.size_mb,
        weight=float(weight),
        status=result.status,
        origin=result.trial.origin,
        configuration=result.trial.configuration,
        row_ms=result.row_ms,
        pareto=on_front,
        operations=result.operations,
        variant="" if result.trial.variant is None else result.trial.variant.label,
    )
