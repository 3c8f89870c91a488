"""One small model that learns the answers of the whole ensemble (Hinton, Vinyals and Dean 2015).

Answers of models for rows that they were fitted to say little: they are too sure. So the student
learns answers for rows that the teacher did not see. For its own score, the teacher must not have
seen the rows either that the student is scored on: inside each fold the members are fitted anew, to
one half of the training rows for the answers of the other. Only what serves at the end learns from
the out-of-fold answers that are there already.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.splitting.folds import FoldPlan
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.evaluation.progress import TrialProgress, rows_of
from espalier.pipelines.evaluation.weighing import weigh_model
from espalier.pipelines.finishing.light_models import LightModels
from espalier.pipelines.finishing.refit import member_job
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import generator, integer_seed
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import Predictions, common_rows
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult, TrialStatus
from espalier.pipelines.trials.variant import Compression, Variant

ORIGIN = "distilled"
"""Origin of a trial whose model has learnt from the ensemble."""

_HALVES = 2
# Of the time that is left, this share may go into teachers and students.
_TIME_SHARE = 0.5
# Students: families of which the first in the search is taken, with values and rounds.
_BOOSTERS = ("lightgbm", "xgboost", "catboost")
_STUDENT_ROUNDS = (80, 25)
_STUDENT_VALUES: Mapping[str, float] = {"learning_rate": 0.15, "num_leaves": 16, "depth": 4}
_NET_VALUES: Mapping[str, float] = {"width": 32, "depth": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a distillation needs.

    Attributes
    ----------
    dataset : Dataset
        The search rows.
    folds : FoldPlan
        The folds of all trials.
    space : SearchSpace
        The families that may be students.
    choice : EnsembleChoice
        The teacher.
    history : History
        The trials of the search, with those of the members.
    predictions : mapping of int to array
        Out-of-fold predictions of the members.
    seed : int
        The run's seed.
    """

    dataset: Dataset
    folds: FoldPlan
    space: SearchSpace
    choice: EnsembleChoice
    history: History
    predictions: Mapping[int, Predictions]
    seed: int

    @property
    def metric(self) -> Metric:
        """The metric that scores the students."""
        return self.history.metric

    @property
    def members(self) -> list[TrialResult]:
        """The members of the teacher, heaviest first."""
        by_number = {each.trial.number: each for each in self.history.successes}
        return [by_number[number] for number, _ in self.choice.members]

    def seconds(self, n_workers: int) -> float:
        """Estimate the seconds that the teachers inside the folds take."""
        once = sum(each.fit_seconds for each in self.members)  # a half twice is about a whole
        return len(self.folds) * once / n_workers


def distil(
    executor: Executor,
    lesson: Lesson,
    made: LightModels,
    deadline: Deadline,
    *,
    first: int,
) -> LightModels:
    """Return ``made`` with students of the ensemble added; without any if time is too short.

    Parameters
    ----------
    executor : Executor
        Fits the models; nothing may be pending.
    lesson : Lesson
        Data, teacher and students' families.
    made : LightModels
        The models that there are already.
    deadline : Deadline
        When the run must be over.
    first : int
        Number of the first student's trial.
    """
    students = _students(lesson, first)
    end = deadline.part(_TIME_SHARE)
    if not students or lesson.seconds(executor.n_workers) > end.seconds_left:
        return made
    progress = [_progress(lesson) for _ in students]
    began = time.perf_counter()
    for place, fold in enumerate(lesson.folds):
        answers = _answers(executor, lesson, fold.train, end, place)
        if answers is None:
            return made
        jobs = [_job(each, answers, fold.train) for each in students]
        before = time.perf_counter()
        models = executor.fit_members(jobs, end)
        seconds = (time.perf_counter() - before) / len(jobs) * executor.n_workers
        for model, own in zip(models, progress, strict=True):
            if model is not None and len(own.scores) == place:
                _score(model, fold.valid, lesson, own, seconds)
    final = _final_answers(executor, lesson, end)
    if final is None:
        return made
    took = (time.perf_counter() - began) / len(students)
    outcomes = [
        _outcome(student, own, len(lesson.folds), took)
        for student, own in zip(students, progress, strict=True)
    ]
    jobs_by_number = {each.number: _job(each, final, None) for each in students}
    return made.extend(outcomes, jobs_by_number)


def _students(lesson: Lesson, first: int) -> list[Trial]:
    """Return the trials of the students that the families of the search allow."""
    space, heaviest = lesson.space, lesson.choice.members[0][0]
    found: list[tuple[Configuration, int | None]] = []
    booster = next((each for each in _BOOSTERS if each in space.families), None)
    if booster is not None:
        small = _with_values(space, booster, _STUDENT_VALUES)
        found += [(small, rounds) for rounds in _STUDENT_ROUNDS]
    if "mlp" in space.families:
        found.append((_with_values(space, "mlp", _NET_VALUES), None))
    return [
        Trial(
            number=first + place,
            configuration=configuration,
            seed=integer_seed(lesson.seed, "student", place),
            origin=ORIGIN,
            variant=Variant(of=heaviest, method=Compression.DISTILLED, iterations=rounds),
        )
        for place, (configuration, rounds) in enumerate(found)
    ]


def _with_values(space: SearchSpace, family: str, values: Mapping[str, float]) -> Configuration:
    """Return the family's default with those of ``values`` that it has."""
    default = dict(space.default(family))
    given = {name: value for name, value in values.items() if name in default}
    return space.complete(family, {**default, **given})


def _job(student: Trial, answers: NDArray[np.float64], rows: NDArray[np.int64] | None) -> MemberJob:
    variant = student.variant
    return MemberJob(
        trial_number=student.number,
        configuration=student.configuration,
        seed=student.seed,
        iterations=None if variant is None else variant.iterations,
        rows=rows,
        answers=answers,
    )


def _answers(
    executor: Executor,
    lesson: Lesson,
    rows: NDArray[np.int64],
    deadline: Deadline,
    place: int,
) -> NDArray[np.float64] | None:
    """Return the teacher's answers for ``rows``, each by members that were fitted to others.

    Parameters
    ----------
    executor : Executor
        Fits the members.
    lesson : Lesson
        The data and the teacher.
    rows : array of int, shape (n,)
        The rows; nothing else is used.
    deadline : Deadline
        When the fits must end.
    place : int
        Number of the fold, for the random halves.

    Returns
    -------
    array, shape (n, K) or (n,), or None
        None if a member could not be fitted in time.
    """
    half = _halves(lesson.dataset, rows, lesson.seed, place)
    jobs = [
        replace(member_job(member), rows=rows[half != side])
        for side in range(_HALVES)
        for member in lesson.members
    ]
    models = executor.fit_members(jobs, deadline)
    found: NDArray[np.float64] | None = None
    n = len(lesson.members)
    for side in range(_HALVES):
        own = [each for each in models[side * n : (side + 1) * n] if each is not None]
        if len(own) < n:
            return None
        asked = lesson.dataset.X.iloc[rows[half == side]].reset_index(drop=True)
        said = lesson.choice.rule.apply([each.predict_scores(asked) for each in own])
        if found is None:
            found = np.zeros((len(rows), *said.shape[1:]))
        found[half == side] = said
    return found


def _halves(dataset: Dataset, rows: NDArray[np.int64], seed: int, place: int) -> NDArray[np.int64]:
    """Return 0 or 1 for each row, at random; rows of a group are on the same side."""
    rng = generator(seed, "distil", place)
    units = np.arange(len(rows))
    if dataset.groups is not None:
        units = np.unique(dataset.groups[rows], return_inverse=True)[1]
    sides = rng.permutation(int(units.max()) + 1) % _HALVES
    return np.asarray(sides[units], dtype=np.int64)


def _final_answers(
    executor: Executor, lesson: Lesson, deadline: Deadline
) -> NDArray[np.float64] | None:
    """Return the teacher's answers for all rows, out of fold where every row has some."""
    parts = [lesson.predictions[number] for number, _ in lesson.choice.members]
    n_rows = len(lesson.dataset)
    if len(common_rows(parts)) == n_rows:
        return np.asarray(lesson.choice.rule.apply([each[:] for each in parts]))
    return _answers(executor, lesson, np.arange(n_rows), deadline, len(lesson.folds))


def _progress(lesson: Lesson) -> TrialProgress:
    n_rows = len(lesson.dataset)
    return TrialProgress(n_rows=n_rows, validated=rows_of(lesson.folds, n_rows))


def _score(
    model: Candidate,
    valid: NDArray[np.int64],
    lesson: Lesson,
    progress: TrialProgress,
    fit_seconds: float,
) -> None:
    """Add the fold's score, and the first model's size and latency, to ``progress``."""
    dataset = lesson.dataset
    X = dataset.X.iloc[valid].reset_index(drop=True)
    before = time.perf_counter()
    predictions = model.predict_scores(X)
    took = time.perf_counter() - before
    weight = None if dataset.sample_weight is None else dataset.sample_weight[valid]
    if not progress.scores:
        weigh_model(model, X.head(1), progress)
    progress.add_fold(
        valid,
        predictions,
        score_predictions(lesson.metric, dataset.y[valid], predictions, weight),
        fit_seconds=fit_seconds,
        predict_seconds=took,
        iterations=model.n_iterations_,
    )


def _outcome(student: Trial, progress: TrialProgress, n_folds: int, seconds: float) -> TrialOutcome:
    whole = len(progress.scores) == n_folds
    return progress.outcome(
        student,
        TrialStatus.SUCCESS if whole else TrialStatus.FAILED,
        None if whole else "a fold could not be fitted",
        seconds=seconds,
        worker="",
    )
