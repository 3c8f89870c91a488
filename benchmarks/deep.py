"""Pictures and texts: a training within a time budget against simple models on the same rows.

    python benchmarks/deep.py FOLDER --kind images --seconds 60 [--only NAME ...] [--seed 0]
    python benchmarks/deep.py FOLDER --kind texts --seconds 60
    python benchmarks/deep.py FOLDER --kind images --networks none  # frozen features alone

FOLDER holds one set per entry. Pictures: a folder of class folders (also below ``train`` and
``test``), a folder with ``manifest.csv`` (``path``, ``target`` and, if any, ``split``), or a folder
with a CSV file whose columns hold paths, beside a numeric column ``price``. Texts: Parquet files
with ``text``, ``label`` and, if any, ``split``. Without an official split a quarter of the rows,
drawn by the seed, is the test part. Nothing is taken from the vectors that an earlier run has kept.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

TRAIN_TEXTS, MOST_TEST = 1_000, 1_500
"""Training rows of a text set, and most test rows of any set."""
TRAIN_PICTURES = 5_000
PENALTY = 0.01
"""scikit-learn's C of the simple models on frozen features."""


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


def simple_pictures(task: Task) -> dict[str, dict[str, float]]:
    """Return the figures of one penalised linear model on features of the last layer alone."""
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from espalier.pipelines.images.lite0 import WIDTH_WHAT
    from espalier.pipelines.images.reading import ImageReading

    reading = ImageReading(root=task.root)
    columns = [each for each in task.X if each == "path" or each.startswith("photo")]

    def features(table: pd.DataFrame, width: int | None) -> NDArray[Any]:
        return np.hstack([np.stack(list(reading.read(table[each])))[:, :width] for each in columns])

    found: dict[str, dict[str, float]] = {}
    for name, width in (("linear, last layer", WIDTH_WHAT), ("linear, all features", None)):
        X, test_rows = features(task.X, width), features(task.test_rows, width)
        if task.is_regression:
            model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(1, 5, 9))).fit(X, task.y)
            found[name] = judge(task, model.predict(test_rows), None)
            continue
        model = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=200))
        model.fit(X, task.y)
        found[name] = judge(task, model.predict_proba(test_rows), model.classes_)
    return found


def simple_texts(task: Task) -> dict[str, dict[str, float]]:
    """Return the figures of logistic regressions on tf-idf and on vectors of the encoder."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from espalier.pipelines.texts.minilm import has_minilm
    from espalier.pipelines.texts.reading import MeaningReading

    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
    model = make_pipeline(words, LogisticRegression(C=10.0, max_iter=500))
    model.fit(task.X["text"], task.y)
    scores = model.predict_proba(task.test_rows["text"])
    found = {"tf-idf, logistic": judge(task, scores, model.classes_)}
    if has_minilm():
        reading = MeaningReading("minilm")
        head = LogisticRegression(C=10.0, max_iter=500)
        head.fit(np.stack(list(reading.read(task.X["text"]))), task.y)
        scores = head.predict_proba(np.stack(list(reading.read(task.test_rows["text"]))))
        found["MiniLM, logistic"] = judge(task, scores, head.classes_)
    return found


def families(networks: str) -> list[str] | None:
    """Return the families to search; None for those of every search, networks where they pay."""
    from espalier.pipelines.learners.registry import LEARNERS, NETWORKS

    if networks == "auto":
        return None
    chosen = NETWORKS if networks == "only" else LEARNERS
    return [each.name for each in chosen.values() if each.by_default]


def ours(
    task: Task, seconds: float, seed: int, verbose: int, networks: str = "auto"
) -> dict[str, dict[str, float]]:
    """Return the figures of a training; of a table with pictures also without them."""
    from espalier import AutoMLClassifier, AutoMLRegressor

    kind = AutoMLRegressor if task.is_regression else AutoMLClassifier
    pictures = [each for each in task.X if each.startswith("photo")]
    found: dict[str, dict[str, float]] = {}
    for name, left_out in (("espalier", []), ("espalier, table alone", pictures)):
        if name != "espalier" and not (left_out and len(left_out) < task.X.shape[1]):
            continue
        X, test_rows = task.X.drop(columns=left_out), task.test_rows.drop(columns=left_out)
        began = time.time()
        model = kind(
            time_budget=seconds,
            random_state=seed,
            image_root=task.root or None,
            families=families(networks),
            verbose=verbose,
            **({} if task.is_regression else {"metric": "log_loss"}),
        ).fit(X, task.y)
        spent = time.time() - began
        began = time.time()
        values = model.predict(test_rows) if task.is_regression else model.predict_proba(test_rows)
        a_row = (time.time() - began) / len(test_rows) * 1e3
        figures = judge(task, values, None if task.is_regression else model.classes_)
        trials = len(model.leaderboard_)
        found[name] = figures | {"seconds": spent, "ms_a_row": a_row, "trials": float(trials)}
        if verbose:
            print(model.ensemble_report_.to_string())
            print(model.leaderboard_.head(12).iloc[:, :8].to_string())
    return found


def main() -> None:
    """Run the sets that the command line names, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kind", choices=["images", "texts"], required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument(
        "--networks",
        choices=["auto", "none", "only"],
        default="auto",
        help="train networks on pictures where that pays, never, or nothing else",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", type=int, default=0)
    parser.add_argument("--out", type=Path, help="CSV file for the figures")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["XDG_CACHE_HOME"] = scratch  # vectors of earlier runs would be a head start
        for place in sorted(options.folder.iterdir()):
            is_set = place.is_dir() if options.kind == "images" else place.suffix == ".parquet"
            if not is_set or (options.only and place.stem not in options.only):
                continue
            if options.kind == "images":
                task = picture_task(place, options.seed)
            else:
                task = text_task(place, options.seed)
            found = ours(task, options.seconds, options.seed, options.verbose, options.networks)
            found |= simple_pictures(task) if options.kind == "images" else simple_texts(task)
            for model, figures in found.items():
                said = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
                print(f"{task.name:15s} {len(task.y):6d} {model:24s} {said}")
                sys.stdout.flush()
                rows.append({"set": task.name, "rows": len(task.y), "model": model, **figures})
    if options.out:
        pd.DataFrame(rows).to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
