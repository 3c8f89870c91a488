"""A trial to run (`Trial`), its result (`TrialResult`), and its predictions (`TrialOutcome`)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.row_predictions import Predictions
from espalier.pipelines.trials.variant import Variant


class TrialStatus(StrEnum):
    """How a trial ended."""

    SUCCESS = "success"
    PRUNED = "pruned"  # raced out: clearly worse after its first folds
    FAILED = "failed"  # raised an exception
    TIMEOUT = "timeout"
    MEMOUT = "memout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One configuration to evaluate.

    Attributes
    ----------
    number : int
        Position in the run, from 0; results are sorted by it, never by the time they finish.
    configuration : Configuration
        The configuration to evaluate.
    seed : int
        Seed of everything random in the trial.
    origin : str
        Where the proposal comes from: ``default``, ``random``, ``surrogate``...
    seconds_limit : float or None
        Wall-clock seconds after which the trial is stopped.
    floors : tuple of float
        The trial ends as ``PRUNED`` if, after fold k, its gain so far (the mean score of the
        folds, turned so that larger is better) is below entry k - 1. Empty: all folds are run.
    expected_gain : float or None
        Improvement on the best trial that the predictor expects, in standard errors of a trial's
        score; None if no predictor was asked, or if it had to leave out a better family.
    choosing_seconds : float or None
        Its share of the seconds that choosing its batch took; None without a time budget.
    variant : Variant or None
        What is done to the configuration's model to make it smaller; None for nothing.
    """

    number: int
    configuration: Configuration
    seed: int
    origin: str = "random"
    seconds_limit: float | None = None
    floors: tuple[float, ...] = ()
    expected_gain: float | None = None
    choosing_seconds: float | None = field(default=None, compare=False)
    variant: Variant | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        record = asdict(self) | {"configuration": self.configuration.to_dict()}
        if self.variant is None:
            del record["variant"]  # records are as they were before there were any
        return record

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Trial":
        """Return the trial that `to_dict` described, of an older record too."""
        values = dict(record)
        values.pop("rungs", None)  # in records of before 0.2
        values["configuration"] = Configuration.from_dict(record["configuration"])
        values["floors"] = tuple(record.get("floors", ()))
        if record.get("variant") is not None:
            values["variant"] = Variant.from_dict(record["variant"])
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """The result of a trial: small, JSON-ready, without predictions.

    Attributes
    ----------
    trial : Trial
        The trial that was run.
    status : TrialStatus
        How it ended. Only ``SUCCESS`` has a comparable score.
    fold_scores : tuple of float
        The metric on each fold's validation rows, in the metric's own direction.
    score : float or None
        Mean of the fold scores; None without success.
    score_std : float or None
        Standard deviation over folds (0 for a single one).
    fit_seconds : float
        Mean seconds to fit one fold, preprocessing included.
    predict_ms_per_row : float or None
        Milliseconds per validation row.
    size_mb : float or None
        Size of one pickled fold model, in MiB.
    seconds : float
        Wall-clock seconds of the whole trial.
    iterations : tuple of int
        Boosting rounds chosen by early stopping, one per fold; empty for other models.
    error : str or None
        Exception type and message, one line.
    worker : str
        Name of the worker that ran it.
    memory_mb : float or None
        Largest resident memory observed in its process, in MiB, the data included.
    row_ms : float or None
        Milliseconds that one fold model takes for a single prepared row.
    parameters, operations : int or None
        Numbers that one fold model holds, and its operations for one prepared row
        (`espalier.pipelines.learners.light.counts`); None for families of the user's own.
    """

    trial: Trial
    status: TrialStatus
    fold_scores: tuple[float, ...] = ()
    score: float | None = None
    score_std: float | None = None
    fit_seconds: float = 0.0
    predict_ms_per_row: float | None = None
    size_mb: float | None = None
    seconds: float = 0.0
    iterations: tuple[int, ...] = ()
    error: str | None = None
    worker: str = ""
    memory_mb: float | None = None
    row_ms: float | None = None
    parameters: int | None = None
    operations: int | None = None

    def __post_init__(self) -> None:
        if self.status is TrialStatus.SUCCESS and self.score is None:
            raise ValueError("a successful trial has a score")

    @property
    def succeeded(self) -> bool:
        """Whether the trial has a comparable score."""
        return self.status is TrialStatus.SUCCESS

    @property
    def rounds(self) -> int | None:
        """Rounds or trees of a model of all rows: the mean of its folds; None without any."""
        if not self.iterations:
            return None
        return max(1, round(sum(self.iterations) / len(self.iterations)))

    @property
    def full_seconds(self) -> float:
        """Wall-clock seconds of the trial, extrapolated to all folds if racing ended it."""
        if self.status is not TrialStatus.PRUNED:
            return self.seconds
        return self.seconds * (len(self.trial.floors) + 1) / len(self.fold_scores)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self) | {"trial": self.trial.to_dict()}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "TrialResult":
        """Return the result that `to_dict` described, of an older record too."""
        values = dict(record)
        values.pop("rung_scores", None)  # in records of before 0.2
        return cls(
            trial=Trial.from_dict(values.pop("trial")),
            status=TrialStatus(values.pop("status")),
            fold_scores=tuple(values.pop("fold_scores")),
            iterations=tuple(values.pop("iterations")),
            **values,
        )


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """A trial's result with its out-of-fold predictions, as returned by a worker.

    Attributes
    ----------
    result : TrialResult
        The record.
    predictions : array, RowPredictions or None
        Out-of-fold predictions, float32, in the row order of the dataset: shape (n_rows,
        n_classes) of probabilities for classification (binary too: two columns), (n_rows,) for
        regression. If the folds validate only a part of the rows, only theirs are held; the others
        are NaN, and so are the rows of unfinished folds if the time limit ended the trial. None
        without any finished fold, and for other endings.
    """

    result: TrialResult
    predictions: Predictions | None = field(default=None, repr=False)
