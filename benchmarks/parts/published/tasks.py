"""The tasks of two public benchmarks, and how a task's answers are scored."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Task:
    """A table, its target, and how it is scored.

    Attributes
    ----------
    name, target : str
        Folder and target column.
    benchmark : str
        ``amlb`` or ``tabarena``.
    metric : str
        ``auc``, ``log_loss`` or ``rmse``.
    n_rows : int
        Rows of the table.
    twins : tuple of str
        Names of tables with the same rows, whose records teach nothing about this task.
    """

    name: str
    benchmark: str
    target: str
    metric: str
    n_rows: int
    twins: tuple[str, ...]


def read_tasks(folder: Path) -> list[Task]:
    """Return the tasks of the folder's index."""
    index = pd.read_csv(folder / "index.csv")
    return [
        Task(
            name=str(row.name_),
            benchmark=str(row.benchmark),
            target=str(row.target),
            metric=str(row.metric),
            n_rows=int(row.rows),
            twins=tuple(
                each.rsplit("/", 1)[-1]
                for each in str(row.shares_data_with).split()
                if each != "nan"
            ),
        )
        for row in index.rename(columns={"name": "name_"}).itertuples()
    ]


@dataclass(frozen=True, slots=True)
class Split:
    """The rows that a system learns from, and those that it is judged on."""

    X: pd.DataFrame
    y: "pd.Series[Any]"
    unseen: pd.DataFrame
    unseen_y: "pd.Series[Any]"


def read_split(folder: Path, task: Task, repeat: int, fold: int) -> Split:
    """Return the rows of an official split."""
    data = pd.read_parquet(folder / task.name / "data.parquet")
    splits = pd.read_parquet(folder / task.name / "splits.parquet")
    test = splits.loc[(splits["repeat"] == repeat) & (splits["fold"] == fold), "row"].to_numpy()
    train = data.index.difference(test)
    X, y = data.drop(columns=task.target), data[task.target]
    return Split(X.loc[train], y.loc[train], X.loc[test], y.loc[test])


def new_model(task: Task, **settings: Any) -> Any:
    """Return an estimator of the task's kind that minimises its metric."""
    from espalier.pipelines.automl.estimators import AutoMLClassifier, AutoMLRegressor

    made = AutoMLRegressor if task.metric == "rmse" else AutoMLClassifier
    return made(metric={"auc": "roc_auc"}.get(task.metric, task.metric), **settings)


def error_of(task: Task, model: Any, split: Split) -> float:
    """Return the error of a fitted estimator on the test rows."""
    if task.metric == "rmse":
        return rmse(split.unseen_y.to_numpy(float), model.predict(split.unseen))
    answers = model.predict_proba(split.unseen)
    return class_error(task, split.unseen_y, answers, model.classes_)


def rmse(y: "np.ndarray[Any, Any]", answers: "np.ndarray[Any, Any]") -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(np.mean((y - answers) ** 2)))


def class_error(
    task: Task, y: "pd.Series[Any]", probabilities: "np.ndarray[Any, Any]", classes: Any
) -> float:
    """Return 1 - AUC or the log loss; a class that the model does not know has probability 0."""
    from sklearn.metrics import roc_auc_score

    names = [str(each) for each in classes]
    if task.metric == "auc":
        return 1.0 - float(roc_auc_score(y.astype(str) == names[1], probabilities[:, 1]))
    place = {name: position for position, name in enumerate(names)}
    given = np.array(
        [
            row[place[label]] if label in place else 0.0
            for row, label in zip(probabilities, y.astype(str), strict=True)
        ]
    )
    return float(-np.log(np.clip(given, 1e-15, 1.0)).mean())
