"""Landmarks: how well very cheap learners do on a small part of the data.

B. Pfahringer, H. Bensusan, C. Giraud-Carrier, Meta-learning by landmarking various learning
algorithms, ICML 2000.
"""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from espalier.pipelines.metafeatures.sample import Sample
from espalier.pipelines.seeds import generator, integer_seed

ROWS = 1_500
FEATURES = 150
"""Most rows and features that the landmarks use."""
CLASSES = 20
"""Most classes that are told apart; all rarer ones count as one."""
FEWEST_ROWS = 20
"""Fewest rows for landmarks; with fewer, every skill is 0."""
NAMES = ("stump", "tree", "neighbour", "bayes", "linear")


def landmarks(sample: Sample, seed: int) -> dict[str, float]:
    """Return the skill of each landmark: 0 is a constant prediction, 1 is perfect.

    Half of the rows predict the other half. For classes, skill is the mean recall rescaled so that
    guessing gives 0; for numbers, R squared of the target's ranks, so that heavy tails do not
    dominate; naive Bayes then classifies the upper half of the targets against the lower.

    Parameters
    ----------
    sample : Sample
        The data.
    seed : int
        The run's seed.

    Returns
    -------
    dict of str to float
        In [0, 1], and their difference ``landmark_bend`` in [-1, 1].
    """
    skills = dict.fromkeys(NAMES, 0.0)
    dataset = sample.dataset
    if len(dataset) >= FEWEST_ROWS and sample.numbers.shape[1]:
        rng = generator(seed, "profile", "landmarks")
        rows = rng.permutation(len(dataset))[:ROWS]
        features = sample.dense()
        chosen = np.sort(rng.permutation(features.shape[1])[:FEATURES])
        features, y = features[np.ix_(rows, chosen)], dataset.y[rows]
        half = len(rows) // 2
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rare classes, collinear columns: expected here
            skills = _skills(
                features,
                y,
                half,
                classify=dataset.problem.is_classification,
                seed=integer_seed(seed, "profile", "landmarks"),
            )
    found = {f"landmark_{name}": skills[name] for name in NAMES}
    found["landmark_bend"] = skills["tree"] - skills["linear"]
    return found


def _skills(
    features: NDArray[np.float64], y: NDArray[Any], half: int, *, classify: bool, seed: int
) -> dict[str, float]:
    """Fit every landmark on the first half of the rows and score it on the second."""
    from sklearn.naive_bayes import GaussianNB

    target: NDArray[Any]
    if classify:
        target = _common_classes(y)
        models = {
            "stump": DecisionTreeClassifier(max_depth=1, random_state=seed),
            "tree": DecisionTreeClassifier(max_depth=5, min_samples_leaf=2, random_state=seed),
            "neighbour": KNeighborsClassifier(1),
            "bayes": GaussianNB(var_smoothing=1e-3),
            "linear": RidgeClassifier(1.0),
        }
    else:
        target = _ranks(y)
        models = {
            "stump": DecisionTreeRegressor(max_depth=1, random_state=seed),
            "tree": DecisionTreeRegressor(max_depth=5, min_samples_leaf=2, random_state=seed),
            "neighbour": KNeighborsRegressor(1),
            "bayes": GaussianNB(var_smoothing=1e-3),
            "linear": Ridge(1.0),
        }
    found = {}
    for name, model in models.items():
        as_classes = classify or name == "bayes"
        goal = target if classify or name != "bayes" else (target > np.median(target)) * 1
        if len(np.unique(goal[:half])) < 2:
            found[name] = 0.0
            continue
        guess = model.fit(features[:half], goal[:half]).predict(features[half:])
        score = _recall_skill if as_classes else _r_squared
        found[name] = float(np.clip(score(goal[half:], guess), 0.0, 1.0))
    return found


def _common_classes(y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return classes with all but the most frequent ones merged into one."""
    counts = np.bincount(y)
    frequent = np.argsort(-counts, kind="stable")[:CLASSES]
    code = np.full(len(counts), CLASSES)
    code[frequent] = np.arange(len(frequent))
    return code[y]


def _ranks(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks in (0, 1]; equal targets share their mean rank."""
    return np.asarray(pd.Series(y).rank(pct=True), dtype=np.float64)


def _recall_skill(truth: NDArray[Any], guess: NDArray[Any]) -> float:
    """Return the mean recall over classes, rescaled so that guessing gives 0."""
    present = np.unique(truth)
    if len(present) < 2:
        return 0.0
    recall = float(np.mean([(guess[truth == label] == label).mean() for label in present]))
    return (recall - 1.0 / len(present)) / (1.0 - 1.0 / len(present))


def _r_squared(truth: NDArray[Any], guess: NDArray[Any]) -> float:
    """Return R squared; 0 for a constant truth."""
    total = float(((truth - truth.mean()) ** 2).sum())
    return 1.0 - float(((truth - guess) ** 2).sum()) / total if total > 0 else 0.0
