"""The models that Espalier must not lose to: library defaults, prepared as a careful user would.

Each takes the prepared search rows of a `Dataset` and returns scores for other rows of it. CatBoost
gets the categories as they are; the others get skrub's `TableVectorizer`, which encodes categories,
high-cardinality strings and dates. Espalier itself does not need skrub: ``pip install skrub``.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole

SECONDS_LIMIT = 300.0  # CatBoost's default takes half an hour on 200,000 rows of 23 classes


def scores_of(name: str, search: Dataset, other: Dataset, n_threads: int) -> NDArray[Any]:
    """Fit the reference ``name`` on ``search`` and return its scores for ``other``.

    Returns
    -------
    array
        Probabilities, shape (n_rows, n_classes), or values, shape (n_rows,).
    """
    fitted = REFERENCES[name](search, n_threads)
    return fitted(other)


def _predictor(model: Any, search: Dataset, features: Callable[[pd.DataFrame], Any]) -> Any:
    """Return a function from a dataset to scores aligned to all classes."""

    def predict(dataset: Dataset) -> NDArray[Any]:
        X = features(dataset.X)
        if not search.problem.is_classification:
            return np.asarray(model.predict(X), dtype=float).ravel()
        scores = np.zeros((len(dataset), search.n_classes))
        classes = np.asarray(model.classes_).astype(int).ravel()
        scores[:, classes] = model.predict_proba(X)
        return scores

    return predict


def _vectorised(search: Dataset, model: Any) -> Any:
    try:
        from skrub import tabular_pipeline
    except ModuleNotFoundError:
        raise SystemExit("the reference models need skrub: pip install skrub") from None

    pipeline = tabular_pipeline(model)
    pipeline.fit(search.X, search.y)
    return _predictor(pipeline, search, lambda X: X)


def linear(search: Dataset, n_threads: int) -> Any:
    """Logistic regression or ridge behind skrub's default table pipeline."""
    from sklearn.linear_model import LogisticRegression, Ridge

    classify = search.problem.is_classification
    return _vectorised(search, LogisticRegression() if classify else Ridge())


def random_forest(search: Dataset, n_threads: int) -> Any:
    """scikit-learn's random forest with its defaults."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestClassifier if search.problem.is_classification else RandomForestRegressor
    return _vectorised(search, kind(random_state=0, n_jobs=n_threads))


def lightgbm(search: Dataset, n_threads: int) -> Any:
    """LightGBM with its defaults."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if search.problem.is_classification else LGBMRegressor
    model = kind(random_state=0, n_jobs=n_threads, verbose=-1)
    return _vectorised(search, model)


def catboost(search: Dataset, n_threads: int) -> Any:
    """CatBoost with its defaults and native categories, stopped after `SECONDS_LIMIT`."""
    import time

    from catboost import CatBoostClassifier, CatBoostRegressor

    textual = [
        name
        for name, role in search.roles.items()
        if role in (ColumnRole.CATEGORICAL, ColumnRole.TEXT)
    ]
    dates = [name for name, role in search.roles.items() if role is ColumnRole.DATETIME]

    def features(X: pd.DataFrame) -> pd.DataFrame:
        X = X.copy()
        for name in textual:
            X[name] = X[name].astype(object).where(X[name].notna(), "missing").astype(str)
        for name in dates:
            X[name] = X[name].astype("int64").astype(float)
        return X

    class Stop:
        def __init__(self) -> None:
            self.end = time.monotonic() + SECONDS_LIMIT

        def after_iteration(self, info: Any) -> bool:
            return time.monotonic() < self.end

    kind = CatBoostClassifier if search.problem.is_classification else CatBoostRegressor
    model = kind(
        random_seed=0,
        thread_count=n_threads,
        cat_features=textual,
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(features(search.X), search.y, callbacks=[Stop()])
    return _predictor(model, search, features)


REFERENCES: dict[str, Callable[[Dataset, int], Any]] = {
    "linear": linear,
    "lightgbm": lightgbm,
    "random_forest": random_forest,
    "catboost": catboost,
}
