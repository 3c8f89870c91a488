"""The rows that a model gets most wrong, with their pictures and texts, and why."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.explain.effects.contributions import explained_answer
from espalier.pipelines.explain.shown.occlusion import WordWeight, occlusion_map, word_weights
from espalier.pipelines.images.cells import PictureFiles, carried
from espalier.pipelines.images.decoding import PictureError
from espalier.pipelines.images.reading import ImageReading
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import drawn_rows
from espalier.pipelines.serving.model import EnsembleModel
from espalier.pipelines.texts.reading import MeaningReading

MOST_ROWS, WORST, MOST_PAIRS, OF_A_PAIR = 300, 8, 4, 4
"""Rows that are looked at; the worst that are shown; confused pairs, and pictures of each."""
_LONGEST = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow:
    """One row with what can be shown of it.

    Attributes
    ----------
    truth, answer : str
        What is true, and what the model says.
    sure : float or None
        The probability of its answer; None for values.
    pictures : tuple of (str, str)
        Columns with their pictures as data URIs.
    maps : tuple of (str, array)
        Columns with their occlusion maps.
    words : tuple of (str, tuple of WordWeight)
        Columns of texts with the weight of their words.
    """

    truth: str
    answer: str
    sure: float | None = None
    pictures: tuple[tuple[str, str], ...] = ()
    maps: tuple[tuple[str, NDArray[np.float64]], ...] = ()
    words: tuple[tuple[str, tuple[WordWeight, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Examples of a model's mistakes.

    Attributes
    ----------
    worst : tuple of ShownRow
        The rows with the largest loss, the worst first.
    confused : tuple of (str, str, int, tuple of str)
        True class, answer, number of rows, and some of their pictures.
    """

    worst: tuple[ShownRow, ...] = ()
    confused: tuple[tuple[str, str, int, tuple[str, ...]], ...] = ()


def show_examples(
    model: EnsembleModel, rows: pd.DataFrame, y: NDArray[Any], *, deadline: Deadline
) -> Shown | None:
    """Return a model's worst rows; None where there are neither pictures nor sentences.

    Parameters
    ----------
    model : EnsembleModel
        The model.
    rows : DataFrame
        Raw hold-out rows.
    y : array, shape (n_rows,)
        Class codes or values.
    deadline : Deadline
        When to end; what is not explained by then is shown without a map.
    """
    plans = model.preparation.plans
    pictures = {
        plan.raw: PictureFiles(plan.reading.root)
        for plan in plans
        if isinstance(plan.reading, ImageReading)
    }
    texts = [plan for plan in plans if isinstance(plan.reading, MeaningReading)]
    if not len(rows) or not (pictures or texts):
        return None
    drawn = drawn_rows(len(rows), MOST_ROWS, seed=0)
    rows = with_unique_names(rows).iloc[drawn].reset_index(drop=True)
    y = np.asarray(y)[drawn]
    loss, answers, sure = _answers(model, rows, y)
    worst = []
    for at in np.argsort(-loss, kind="stable")[:WORST]:
        row = rows.iloc[[at]]
        ask = explained_answer(model, answers[at])
        shown: list[tuple[str, str]] = []
        maps: list[tuple[str, NDArray[np.float64]]] = []
        words: list[tuple[str, tuple[WordWeight, ...]]] = []
        for name, files in pictures.items():
            content = files.load(row[name].iloc[0])
            if not isinstance(content, bytes) or (small := carried(content)) is None:
                continue
            shown.append((name, small))
            if not deadline.passed:
                with suppress(PictureError):
                    maps.append((name, occlusion_map(ask, row, name, content)))
        for plan in texts:
            cell = row[plan.raw].iloc[0]
            if isinstance(cell, str) and not deadline.passed:
                words.append((plan.raw, word_weights(ask, row, plan.raw, cell[:_LONGEST])))
        worst.append(
            ShownRow(
                truth=_said(y[at], model),
                answer=str(answers[at]) if model.classes is not None else f"{answers[at]:.4g}",
                sure=None if sure is None else float(sure[at]),
                pictures=tuple(shown),
                maps=tuple(maps),
                words=tuple(words),
            )
        )
    confused = _confused(model, rows, y, answers, pictures) if model.classes is not None else ()
    return Shown(worst=tuple(worst), confused=confused)


def _answers(
    model: EnsembleModel, rows: pd.DataFrame, y: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[Any], NDArray[np.float64] | None]:
    """Return each row's loss, its answer, and the probability of that."""
    if model.classes is None:
        values = np.asarray(model.predict(rows), dtype=np.float64)
        return np.abs(values - y), values, None
    chances = model.predict_proba(rows)
    codes = chances.argmax(axis=1)
    loss = -np.log(np.maximum(chances[np.arange(len(y)), y.astype(int)], 1e-12))
    return loss, np.asarray(model.classes)[codes], chances[np.arange(len(y)), codes]


def _confused(
    model: EnsembleModel,
    rows: pd.DataFrame,
    y: NDArray[Any],
    answers: NDArray[Any],
    names: dict[str, PictureFiles],
) -> tuple[tuple[str, str, int, tuple[str, ...]], ...]:
    """Return the pairs of classes that are mixed up most, with pictures of such rows."""
    truths = [_said(each, model) for each in y]
    pairs = Counter(
        (truth, str(answer))
        for truth, answer in zip(truths, answers, strict=True)
        if truth != str(answer)
    )
    found = []
    for (truth, answer), count in pairs.most_common(MOST_PAIRS):
        places = [
            at for at, said in enumerate(truths) if (said, str(answers[at])) == (truth, answer)
        ]
        shown: list[str] = []
        for name, files in names.items():
            for at in places[:OF_A_PAIR]:
                content = files.load(rows[name].iloc[at])
                small = carried(content) if isinstance(content, bytes) else None
                shown.extend([] if small is None else [small])
        found.append((truth, answer, count, tuple(shown[:OF_A_PAIR])))
    return tuple(found)


def _said(value: Any, model: EnsembleModel) -> str:
    return f"{value:.4g}" if model.classes is None else str(model.classes[int(value)])
