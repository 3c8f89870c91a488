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
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from parts.deep.tasks import Task, judge, picture_task, text_task

PENALTY = 0.01
"""scikit-learn's C of the simple models on frozen features."""


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
