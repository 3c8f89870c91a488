"""Report of the flow `train`, as an object and JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from espalier.pipelines.calibration.report import NOTHING_ADJUSTED, AdjustmentReport
from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.trials.failures import Failures
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialStatus
from espalier.tasks.pages.leaderboard_table import leaderboard_record
from espalier.tasks.pages.report_page import ReportFacts

if TYPE_CHECKING:  # loads the combiners
    from espalier.pipelines.finishing.prefer import FrontPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainReport:
    """Outcome of the flow `train`; its JSON uses the attribute names as keys.

    Attributes
    ----------
    model : str
        Name of the registered model.
    version : int
        Number of the new version, counted from 1.
    alias : str
        ``champion`` or ``challenger``; empty without an alias.
    uri : str
        URI to load the model with in MLflow.
    run_id : str
        ID of the MLflow run of the training; its trials are nested runs.
    task, metric : str
        Kind of problem, and the optimised metric.
    higher_is_better : bool
        Whether higher scores are better.
    holdout_score : float
        Score of the model on the hold-out.
    holdout_interval : (float, float)
        95 % bootstrap interval of ``holdout_score``.
    n_holdout : int
        Number of hold-out rows.
    cv_score : float
        Score of the ensemble on out-of-fold predictions.
    baseline_score : float
        Score of the best constant prediction on the hold-out.
    ensemble : str
        Name of the combiner that chose the members.
    n_trials, n_failed, n_resumed : int
        Numbers of all trials, of failed ones, and of those continued from an interrupted run.
    seconds : mapping of str to float
        Duration of each phase, with ``startup`` and ``total``.
    leaderboard : tuple of LeaderboardRow
        Trials, the best first.
    failures : tuple of Failures
        Why trials have no score, most frequent first.
    notes : tuple of str
        Remarks about the data, and about the advice from experience.
    adjustments : AdjustmentReport
        How calibration, decision threshold and prediction intervals were chosen.
    refit_on_all : bool
        Whether the registered model has learnt from the hold-out rows as well; the scores are those
        from before.
    front : tuple of FrontPoint
        Models that cannot be bettered in score and costs at once; empty unless asked for.
    """

    model: str
    version: int
    alias: str
    uri: str
    run_id: str
    task: str
    metric: str
    higher_is_better: bool
    holdout_score: float
    holdout_interval: tuple[float, float]
    n_holdout: int
    cv_score: float
    baseline_score: float
    ensemble: str
    n_trials: int
    n_failed: int
    n_resumed: int
    seconds: Mapping[str, float]
    leaderboard: tuple[LeaderboardRow, ...]
    failures: tuple[Failures, ...]
    notes: tuple[str, ...]
    adjustments: AdjustmentReport = NOTHING_ADJUSTED
    refit_on_all: bool = False
    front: "tuple[FrontPoint, ...]" = ()

    @property
    def figures(self) -> dict[str, float]:
        """Metrics for MLflow in addition to the scores: counts of trials and seconds by phase."""
        counts = {"n_trials": self.n_trials, "n_failed": self.n_failed}
        stopped = sum(row.status is TrialStatus.PRUNED for row in self.leaderboard)
        if stopped:
            counts["n_pruned"] = stopped
        for each in self.failures:
            counts[f"n_{each.status}"] = counts.get(f"n_{each.status}", 0) + each.count
        return counts | {f"seconds_{name}": value for name, value in self.seconds.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        record = {name: getattr(self, name) for name in self.__slots__}
        record["failures"] = [asdict(each) for each in self.failures]
        record["seconds"] = dict(self.seconds)
        record["holdout_interval"] = list(self.holdout_interval)
        record["notes"] = list(self.notes)
        record["front"] = [each.to_dict() for each in self.front]
        record["adjustments"] = self.adjustments.to_dict()
        record["leaderboard"] = [leaderboard_record(row) for row in self.leaderboard]
        return record


def make_report(
    facts: ReportFacts,
    run_id: str,
    history: History,
    n_resumed: int,
    seconds: Mapping[str, float],
) -> TrainReport:
    """Make the report from the results of the tasks of a training run.

    Parameters
    ----------
    facts : ReportFacts
        Facts of the HTML report.
    run_id : str
        ID of the MLflow run of the training.
    history : History
        All trials.
    n_resumed : int
        Number of trials that were on record when the search began.
    seconds : mapping of str to float
        Duration of each phase.
    """
    version, prepared, holdout = facts.version, facts.prepared, facts.holdout
    return TrainReport(
        model=version.name,
        version=version.version,
        alias=version.alias or "",
        uri=version.uri,
        run_id=run_id,
        task=prepared.task,
        metric=history.metric.name,
        higher_is_better=facts.higher_is_better,
        holdout_score=holdout.score,
        holdout_interval=holdout.interval,
        n_holdout=holdout.n_rows,
        cv_score=facts.ensemble.cv_score,
        baseline_score=holdout.baseline,
        ensemble=facts.ensemble.method,
        n_trials=len(history),
        n_failed=len(history.failures),
        n_resumed=n_resumed,
        seconds=seconds,
        leaderboard=tuple(facts.leaderboard),
        failures=tuple(facts.failures),
        notes=prepared.notes + ((holdout.note,) if holdout.note else ()) + facts.said,
        refit_on_all=facts.ensemble.learnt_all,
        adjustments=facts.ensemble.adjusted,
        front=facts.ensemble.front,
    )
