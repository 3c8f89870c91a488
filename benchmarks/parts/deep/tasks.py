"""Sets of pictures and of texts with their splits, and how answers to them are scored."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

TRAIN_TEXTS, MOST_TEST = 1_000, 1_500
"""Training rows of a text set, and most test rows of any set."""
TRAIN_PICTURES = 5_000


@dataclass(frozen=True)
class Task:
    """A set with its split.

    Attributes
    ----------
    name : str
        The set.
    X, test_rows : DataFrame
        Rows to learn from, and to be judged on.
    y, test_y : array
        Labels or numbers.
    root : str
        Folder that paths start from.
    """

    name: str
    X: pd.DataFrame
    y: NDArray[Any]
    test_rows: pd.DataFrame
    test_y: NDArray[Any]
    root: str = ""

    @property
    def is_regression(self) -> bool:
        """Whether the target is a number."""
        return self.y.dtype.kind == "f"


def split(table: pd.DataFrame, target: str, name: str, seed: int, root: str, most: int) -> Task:
    """Return a table's rows as a task, by its column ``split`` or drawn."""
    rng = np.random.default_rng(seed)
    if "split" in table:
        table = table[table["split"].isin(["train", "test"])]
        is_test = (table["split"] == "test").to_numpy()
    else:
        is_test = np.zeros(len(table), dtype=bool)
        is_test[rng.permutation(len(table))[: len(table) // 4]] = True
    train = rng.permutation(np.flatnonzero(~is_test))[:most]
    test = rng.permutation(np.flatnonzero(is_test))
    test = test if root else test[:MOST_TEST]
    X = table.drop(columns=[target, *({"split"} & set(table.columns))])
    y = table[target].to_numpy()
    return Task(name, X.iloc[train], y[train], X.iloc[test], y[test], root)


def picture_task(folder: Path, seed: int) -> Task:
    """Return the task of a folder of pictures."""
    if (folder / "manifest.csv").exists():
        table = pd.read_csv(folder / "manifest.csv")[["path", "target", "split"]]
        return split(table, "target", folder.name, seed, str(folder), TRAIN_PICTURES)
    tables = sorted(folder.glob("*.csv"))
    if tables:
        table = pd.read_csv(tables[0])
        # The same row twice is one house: on both sides of a split it would be known.
        table = table.drop_duplicates([each for each in table if not each.startswith("photo")])
        table["price"] = np.log(table["price"].astype(float))
        return split(table, "price", folder.name, seed, str(folder), TRAIN_PICTURES)
    paths = sorted(each for each in folder.rglob("*.*") if each.suffix.lower() in (".jpg", ".png"))
    table = pd.DataFrame(
        {
            "path": [each.relative_to(folder).as_posix() for each in paths],
            "target": [each.parent.name for each in paths],
        }
    )
    if paths[0].relative_to(folder).parts[0] in ("train", "test"):
        table["split"] = [each.relative_to(folder).parts[0] for each in paths]
    return split(table, "target", folder.name, seed, str(folder), TRAIN_PICTURES)


def text_task(path: Path, seed: int) -> Task:
    """Return the task of a file of texts."""
    return split(pd.read_parquet(path), "label", path.stem, seed, "", TRAIN_TEXTS)


def judge(task: Task, values: NDArray[Any], classes: NDArray[Any] | None) -> dict[str, float]:
    """Return the figures of predictions: accuracy and AUC, or the root of the mean square."""
    if classes is None:
        return {"rmse": float(np.sqrt(np.mean((values - task.test_y) ** 2)))}
    from sklearn.metrics import log_loss, roc_auc_score

    found = {"accuracy": float((classes[values.argmax(axis=1)] == task.test_y).mean())}
    if len(classes) == 2:
        found["auc"] = float(roc_auc_score(task.test_y == classes[1], values[:, 1]))
    found["log_loss"] = float(log_loss(task.test_y, values, labels=list(classes)))
    return found
