"""Students learn answers of teachers that saw neither the answered rows nor those they score on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification

from espalier.pipelines.automl.estimators import AutoMLClassifier
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.splitting.folds import FoldPlan
from espalier.pipelines.data.splitting.splits import plan_folds
from espalier.pipelines.ensemble.choose import EnsembleChoice, single_choice
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.finishing.distil import Lesson, distil
from espalier.pipelines.finishing.light_models import NO_LIGHT_MODELS
from espalier.pipelines.finishing.refit import fit_choice
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.members.cost import RefitTime
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial

FAMILIES = ("linear", "knn", "lightgbm")


class Watched(SerialExecutor):
    """Remembers the jobs that it was given."""

    def __init__(self, context: EvaluationContext) -> None:
        super().__init__(context)
        self.jobs: list[list[MemberJob]] = []

    def fit_members(self, jobs: Sequence[MemberJob], deadline: Deadline) -> Any:
        self.jobs.append(list(jobs))
        return super().fit_members(jobs, deadline)


@pytest.fixture(scope="module")
def taught() -> tuple[Lesson, Watched]:
    import pandas as pd

    X, y = make_classification(180, 5, n_informative=3, random_state=3)
    frame = pd.DataFrame(X, columns=list("abcde"))
    dataset = Dataset(
        X=frame,
        y=y,
        problem=ProblemKind.BINARY,
        roles=dict.fromkeys(frame.columns, ColumnRole.NUMERIC),
        classes=np.array([0, 1]),
        groups=np.arange(180) // 2,
    )
    plan = plan_folds(dataset, seed=0, n_folds=3)
    folds = FoldPlan(plan.folds[:3], plan.description)  # without repeats, which are averaged
    learners = tuple(LEARNERS[name] for name in FAMILIES)
    metric = METRICS["roc_auc"]
    executor = Watched(
        EvaluationContext(dataset=dataset, folds=folds, metric=metric, learners=learners)
    )
    space = SearchSpace(learners, dataset.shape)
    for number, family in enumerate(("linear", "knn")):
        executor.submit(Trial(number=number, configuration=space.default(family), seed=0))
    outcomes = [executor.wait(NEVER)[0] for _ in range(2)]
    lesson = Lesson(
        dataset=dataset,
        folds=folds,
        space=space,
        choice=EnsembleChoice(
            members=((0, 0.6), (1, 0.4)),
            method="stagewise",
            rule=Combination(
                problem=ProblemKind.BINARY,
                space=CombinationSpace.PROBABILITY,
                weights=(0.6, 0.4),
            ),
            cv_score=0.9,
        ),
        history=History(metric, tuple(each.result for each in outcomes)),
        predictions={
            each.result.trial.number: each.predictions
            for each in outcomes
            if each.predictions is not None
        },
        seed=0,
    )
    return lesson, executor


def test_a_student_is_scored_on_rows_that_neither_it_nor_its_teachers_saw(taught) -> None:
    lesson, executor = taught
    executor.jobs.clear()
    made = distil(executor, lesson, NO_LIGHT_MODELS, NEVER, first=2)
    assert [each.trial.number for each in made.results] == [2, 3]
    assert all(each.succeeded for each in made.results)
    assert len(executor.jobs) == 2 * len(lesson.folds)  # teachers, then students, of each fold
    for place, fold in enumerate(lesson.folds):
        teachers, students = executor.jobs[2 * place : 2 * place + 2]
        held = set(fold.valid)
        for job in (*teachers, *students):
            assert job.rows is not None
            assert not held & set(job.rows)
        halves = [set(each.rows) for each in teachers if each.rows is not None]
        assert halves[0] == halves[1]  # both members learn from the same half
        assert not halves[0] & halves[2]
        groups = lesson.dataset.groups
        assert groups is not None
        assert not {groups[row] for row in halves[0]} & {groups[row] for row in halves[2]}
    predictions = made.predictions[2]
    for fold, score in zip(lesson.folds, made.results[0].fold_scores, strict=True):
        from espalier.pipelines.metrics.scoring import score_predictions

        assert score == pytest.approx(
            score_predictions(lesson.metric, lesson.dataset.y[fold.valid], predictions[fold.valid])
        )


def test_what_serves_learns_the_out_of_fold_answers(taught) -> None:
    lesson, executor = taught
    made = distil(executor, lesson, NO_LIGHT_MODELS, NEVER, first=2)
    job = made.jobs[2]
    assert job.rows is None
    assert job.answers is not None
    expected = lesson.choice.rule.apply([lesson.predictions[0][:], lesson.predictions[1][:]])
    np.testing.assert_allclose(job.answers, expected)
    result = made.results[0]
    assert result.size_mb is not None
    assert result.operations is not None
    assert result.row_ms is not None


def test_there_is_no_student_where_time_is_short_or_no_family_can_be_one(taught) -> None:
    lesson, executor = taught
    late = Deadline(1e-3, lambda: 0.0)
    assert distil(executor, lesson, NO_LIGHT_MODELS, late, first=2) is NO_LIGHT_MODELS
    space = SearchSpace((LEARNERS["linear"], LEARNERS["knn"]), lesson.dataset.shape)
    other = replace(lesson, space=space)
    assert distil(executor, other, NO_LIGHT_MODELS, NEVER, first=2) is NO_LIGHT_MODELS


def test_a_distilled_model_serves_with_the_answers_of_the_ensemble(taught) -> None:
    lesson, executor = taught
    made = distil(executor, lesson, NO_LIGHT_MODELS, NEVER, first=2)
    choice, (member,) = fit_choice(
        single_choice(made.results[0], lesson.choice.rule),
        lesson.history.extend(made.results),
        executor,
        RefitTime(deadline=NEVER),
        folds=lesson.folds,
        jobs=made.jobs,
    )
    assert choice.members == ((2, 1.0),)
    assert member is not None
    said = member.candidates[0].predict_scores(lesson.dataset.X)[:, 1]
    answers = made.jobs[2].answers
    assert answers is not None
    # Far nearer to its teacher's answers than these are to the truth.
    assert np.abs(said - answers[:, 1]).mean() < 0.05
    assert np.abs(answers[:, 1] - lesson.dataset.y).mean() > 0.2


def test_the_ensemble_of_a_search_has_students() -> None:
    X, y = make_classification(240, 6, n_informative=4, class_sep=0.7, random_state=1)
    model = AutoMLClassifier(
        time_budget=None,
        n_trials=6,
        n_jobs=1,
        n_folds=3,
        random_state=0,
        families=["knn", "svm", "lightgbm"],
        objectives=("score", "size", "latency", "operations"),
    ).fit(X, y)
    assert len(model.model_.members) > 1
    made = model.leaderboard_.query("trial >= 6")
    assert len(made) == 3 + 2  # a booster of fewer rounds, and the students
    assert made["score"].notna().all()
