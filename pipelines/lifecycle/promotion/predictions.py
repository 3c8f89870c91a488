"""Align the predictions of two models, so that one metric can score both."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.labels import (
    codes_among,
    distinct_labels,
    encode_labels,
    exact_text,
)
from espalier.pipelines.data.parsing.text_cells import read_text_cells
from espalier.pipelines.data.target import target_numbers
from espalier.pipelines.errors import EspalierError
from espalier.pipelines.problem import ProblemKind


class IncomparableError(EspalierError):
    """Two models cannot be scored on the same rows; the message is a whole sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPredictions:
    """One model's predictions of some rows, with its latency and size.

    Attributes
    ----------
    scores : array, shape (n_rows, n_classes) or (n_rows,)
        Probabilities or values.
    classes : tuple of str or None
        Class labels as text, in the order of the columns; None for regression.
    latency_ms : float
        Median milliseconds for one row.
    size_mb : float
        Size of its files, in megabytes.
    threshold : float or None
        Its decision threshold for the second of two classes, if it has one.
    """

    scores: NDArray[Any] = field(repr=False)
    classes: tuple[str, ...] | None
    latency_ms: float
    size_mb: float
    threshold: float | None = None

    @property
    def decided(self) -> "ModelPredictions":
        """The predictions as decisions: 1 for the predicted label, 0 for the others.

        This is what a metric of labels scores. Without a threshold the probabilities are returned,
        from which the metric takes the likeliest class.
        """
        if self.threshold is None or self.scores.ndim != 2 or self.scores.shape[1] != 2:
            return self
        second = (self.scores[:, 1] > self.threshold).astype(np.float64)
        return replace(self, scores=np.column_stack([1.0 - second, second]), threshold=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedPredictions:
    """A target and two models' predictions with the same class codes.

    Attributes
    ----------
    y : array, shape (n_rows,)
        Codes or values.
    champion, challenger : array, shape (n_rows, n_classes) or (n_rows,)
        Predictions; a class that a model does not know has probability 0.
    problem : ProblemKind
        The kind of problem.
    n_classes : int
        Number of classes of the target and both models together; 1 for regression.
    """

    y: NDArray[Any] = field(repr=False)
    champion: NDArray[Any] = field(repr=False)
    challenger: NDArray[Any] = field(repr=False)
    problem: ProblemKind
    n_classes: int


def align_predictions(
    target: "pd.Series[Any]", champion: ModelPredictions, challenger: ModelPredictions
) -> AlignedPredictions:
    """Bring a target and two models' predictions to the same class codes.

    Parameters
    ----------
    target : Series, shape (n_rows,)
        Raw labels or values, none missing.
    champion, challenger : ModelPredictions
        Predictions of the same rows.

    Raises
    ------
    IncomparableError
        One model predicts classes and the other values, or the target fits neither.
    """
    if (champion.classes is None) != (challenger.classes is None):
        kinds = ["values" if each.classes is None else "classes" for each in (champion, challenger)]
        raise IncomparableError(
            f"The champion answers with {kinds[0]}, the challenger with {kinds[1]}; they cannot be "
            "compared."
        )
    if champion.classes is None or challenger.classes is None:
        return _values(target, champion, challenger)
    order = list(dict.fromkeys([*challenger.classes, *champion.classes]))
    codes = codes_among(target, order)
    strangers, others = encode_labels(target[codes < 0])
    codes[codes < 0] = len(order) + strangers
    for who, answers in (("champion", champion), ("challenger", challenger)):
        known = {at for at, text in enumerate(order) if text in (answers.classes or ())}
        if known.isdisjoint(codes.tolist()):
            held = [exact_text(label) for label in distinct_labels(target)]
            raise IncomparableError(
                f"The target holds {_some(held)}, the {who} answers with "
                f"{_some(list(answers.classes or ()))}; they cannot be compared."
            )
    order += [exact_text(label) for label in others]
    place = {text: at for at, text in enumerate(order)}
    return AlignedPredictions(
        y=codes,
        champion=_spread(champion, place, len(order)),
        challenger=_spread(challenger, place, len(order)),
        problem=ProblemKind.BINARY if len(order) == 2 else ProblemKind.MULTICLASS,
        n_classes=len(order),
    )


def label_texts(classes: Iterable[Any] | None) -> tuple[str, ...] | None:
    """Return class labels of any type as text; None if there are no classes."""
    return None if classes is None else tuple(exact_text(label) for label in classes)


def _values(
    target: "pd.Series[Any]", champion: ModelPredictions, challenger: ModelPredictions
) -> AlignedPredictions:
    numbers = target_numbers(target, codes=True)
    if numbers is None:
        raise IncomparableError(
            f"The target holds {_some(read_text_cells(target).values)}, but the models answer with "
            "numbers; they cannot be compared."
        )
    return AlignedPredictions(
        y=numbers,
        champion=champion.scores,
        challenger=challenger.scores,
        problem=ProblemKind.REGRESSION,
        n_classes=1,
    )


def _spread(
    answers: ModelPredictions, place: dict[str, int], n_classes: int
) -> NDArray[np.float64]:
    """Return probabilities with a column for every class, 0 for classes the model lacks."""
    wide = np.zeros((len(answers.scores), n_classes))
    wide[:, [place[text] for text in answers.classes or ()]] = answers.scores
    return wide


def _some(texts: list[str]) -> str:
    shown = ", ".join(repr(text) for text in texts[:3])
    return shown + ("..." if len(texts) > 3 else "")
