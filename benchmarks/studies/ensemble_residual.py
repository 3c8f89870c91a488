"""What residual members add to the shipped choice, on recorded libraries; kept beside each."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from parts.ensembles.compare import SEED, test_loss
from parts.ensembles.library import metric_of, read_library

from espalier.pipelines.automl.residual_search import find_residual_members
from espalier.pipelines.data.splitting.splits import plan_folds
from espalier.pipelines.ensemble.choose import choose_ensemble
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.seeds import integer_seed


def record_path(place: Path, *, sees_answers: bool) -> Path:
    """Return where the record of a library is."""
    return place / ("second_layer.json" if sees_answers else "residual.json")


def residual_record(
    place: Path, which: str, trials: int, seconds: float, *, sees_answers: bool = False
) -> dict[str, Any]:
    """Return what residual members do on one library: searched for once, then read."""
    path = record_path(place, sees_answers=sees_answers)
    if path.exists():
        known: dict[str, Any] = json.loads(path.read_text())
        return known
    recorded = read_library(place, which)
    train, metric = recorded.train, metric_of(recorded.train, which)
    families = sorted({each.trial.configuration.family for each in recorded.results})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        choice = choose_ensemble(
            recorded.results, recorded.out_of_fold, dataset=train, metric=metric, seed=SEED
        )
        context = EvaluationContext(
            dataset=train,
            folds=plan_folds(train, seed=integer_seed(SEED, "folds")),
            metric=metric,
            learners=choose_learners(families, train.shape),
        )
        found = find_residual_members(
            choice,
            recorded.out_of_fold,
            context,
            SerialExecutor,
            budget=Budget(trials=trials),
            deadline=Deadline.after(seconds),
            seed=SEED,
            sees_answers=sees_answers,
        )
    answers = [recorded.refitted[number] for number, _ in choice.members]
    combined = choice.rule.apply(answers)
    before = test_loss(recorded.test, combined)
    record: dict[str, Any] = {"before": before, "after": before, "stages": 0, "possible": False}
    if found is not None:
        record |= {"possible": True, "gains": found.stages.gains, "trials": len(found.results)}
        if found.correction is not None:
            corrected = found.correction.apply(combined, recorded.test.X, answers)
            record |= {
                "after": test_loss(recorded.test, corrected),
                "stages": len(found.stages.chosen),
            }
    path.write_text(json.dumps(record))
    return record


def residual_summary(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures over the libraries on which a residual is possible."""
    possible = [each for each in records if each["possible"]]
    change = np.asarray([each["after"] / each["before"] - 1.0 for each in possible])
    taken = np.asarray([each["stages"] > 0 for each in possible], dtype=bool)
    return {
        "n": len(possible),
        "accepted": int(taken.sum()),
        "change": round(float(change.mean()), 4) if len(possible) else None,
        "change_where_accepted": round(float(change[taken].mean()), 4) if taken.any() else None,
        "worst": round(float(change.max()), 4) if len(possible) else None,
        "better": int((change < 0).sum()),
        "worse": int((change > 0).sum()),
    }
