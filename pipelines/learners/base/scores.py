"""Predictions of any fitted model, as probabilities or values that are always finite."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.learners.losses.network_losses import softmax


def class_scores(model: Any, X: Any) -> NDArray[np.float64]:
    """Return probabilities, shape (n_rows, k), of a model fitted to codes 0..k-1.

    Without ``predict_proba`` the softmax of ``decision_function`` is used, and without either the
    labels of ``predict``.
    """
    if hasattr(model, "predict_proba"):
        scores = np.asarray(model.predict_proba(X), dtype=np.float64)
    elif hasattr(model, "decision_function"):
        decisions = np.asarray(model.decision_function(X), dtype=np.float64)
        if decisions.ndim == 1:
            decisions = np.column_stack([-decisions, decisions]) / 2
        scores = softmax(decisions)
    else:
        labels = np.asarray(model.predict(X), dtype=np.int64)
        scores = np.eye(len(model.classes_))[labels]
    scores = np.clip(np.nan_to_num(scores, nan=0.0, posinf=0.0, neginf=0.0), 0.0, None)
    totals = scores.sum(axis=1, keepdims=True)
    uniform = 1.0 / scores.shape[1]
    return np.where(totals > 0, scores / np.where(totals > 0, totals, 1.0), uniform)


def finite_values(answers: Any, stand_in: float) -> NDArray[np.float32]:
    """Return values, shape (n_rows,), with ``stand_in`` for NaN and infinities."""
    values = np.ravel(np.asarray(answers, dtype=np.float64))
    values = np.nan_to_num(values, nan=stand_in, posinf=stand_in, neginf=stand_in)
    largest = float(np.finfo(np.float32).max)
    return np.clip(values, -largest, largest).astype(np.float32)
