"""The front of score and costs, and the model on it that a user prefers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.ensemble.choose import EnsembleChoice, single_choice
from espalier.pipelines.ensemble.combiners import SINGLE
from espalier.pipelines.evaluation.fold_models import n_served
from espalier.pipelines.evaluation.holdout import bootstrap_interval, dummy_score
from espalier.pipelines.members.cost import RefitTime
from espalier.pipelines.members.preference import Preference
from espalier.pipelines.members.serving_limits import operations, row_ms, size_mb, undominated
from espalier.pipelines.members.serving_mode import RefitMode
from espalier.pipelines.members.shared_reading import NO_READING, SharedReading
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import Predictions, validated_rows
from espalier.pipelines.trials.trial import TrialResult

ENSEMBLE = "ensemble"

# A balanced model may lose so many standard errors, or this share of what the best gains over the
# best constant, whichever is more: on many rows a standard error is less than anybody notices.
_BALANCED_ERRORS = 2.0
_BALANCED_SHARE = 0.05
# The bootstrap of a single fold: one standard error on either side.
_ONE_ERROR = 0.6827
_SAMPLES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPoint:
    """A model that could serve: a trial, a smaller form of one, or the ensemble.

    Attributes
    ----------
    name : str
        For people: ``trial 7 lightgbm``, ``ensemble``.
    trial : int or None
        Number of the trial; None for the ensemble.
    score : float
        In the metric's own direction, from rows that the model was not fitted to.
    latency, size, operations : float
        Milliseconds for a row, MiB, and operations for a row; those of an ensemble are the sums
        over its members. Infinite if unknown. What frozen networks take to read a row's pictures
        and texts is in latency and size, once, if a member needs it.
    chosen : bool
        Whether it is the model that serves.
    """

    name: str
    trial: int | None
    score: float
    latency: float
    size: float
    operations: float
    chosen: bool = False

    def cost(self, name: str) -> float:
        """Return one of the costs."""
        return float(getattr(self, name))

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary; what is unknown is None."""
        record = asdict(self)
        return {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in record.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred:
    """The preferred model, and the front that it was chosen from.

    Attributes
    ----------
    choice : EnsembleChoice
        The model.
    front : tuple of FrontPoint
        What cannot be bettered in all objectives at once, best score first; the chosen model is
        always among them.
    standard_error : float
        Of the best score.
    """

    choice: EnsembleChoice
    front: tuple[FrontPoint, ...]
    standard_error: float


def prefer(
    choice: EnsembleChoice,
    history: History,
    predictions: Mapping[int, Predictions],
    *,
    dataset: Dataset,
    preference: Preference,
    time: RefitTime,
    seed: int,
    reading: SharedReading = NO_READING,
) -> Preferred:
    """Return the model that is preferred among the ensemble, all trials and their smaller forms.

    ``small`` is the smallest whose score is within one standard error of the best (Breiman et al.
    1984). ``balanced`` looks at those of the front that lose at most two standard errors, or 5 % of
    what the best gains over the best constant. Their losses, in shares of that, and the logarithms
    of their costs, from the least to the most among them, are the coordinates; the nearest to the
    corner where all are best is taken (compromise programming, Zeleny 1973).

    Parameters
    ----------
    choice : EnsembleChoice
        The best model by score.
    history : History
        All trials within the limits, smaller forms included.
    predictions : mapping of int to array
        Out-of-fold predictions by trial number.
    dataset : Dataset
        The search rows.
    preference : Preference
        The objectives, and what is preferred.
    time : RefitTime
        Whether members would be refitted or serve as several models.
    seed : int
        Of the bootstrap, where there is one fold.
    reading : SharedReading
        What the frozen networks cost that models of some families need.
    """
    sign = history.metric.sign
    points = [_of_trial(each, time, reading) for each in history.successes]
    if len(choice.members) > 1:
        points.append(_of_ensemble(choice, history, time, reading))
    best = max(points, key=lambda point: sign * point.score)
    error = standard_error(history, predictions, dataset, seed)
    costs = preference.costs
    front = undominated(points, lambda p: (-sign * p.score, *map(p.cost, costs)))
    own = None if len(choice.members) > 1 else choice.members[0][0]
    current = next(point for point in points if point.trial == own)
    taken = current
    if preference.prefer == "small":
        near = [point for point in points if sign * (best.score - point.score) <= error]
        taken = min(near, key=lambda p: (p.size, p.latency, p.operations, -sign * p.score))
    elif preference.prefer == "balanced":
        constant = dummy_score(dataset, dataset.y, history.metric)
        most = max(_BALANCED_ERRORS * error, _BALANCED_SHARE * abs(best.score - constant))
        taken = _balanced(front, sign, costs, best.score, most)
    if taken is not current and taken.trial is not None:
        result = next(each for each in history.successes if each.trial.number == taken.trial)
        choice = replace(single_choice(result, choice.rule), combiners=choice.combiners)
    chosen = replace(taken, chosen=True)
    if taken in front:
        front = [chosen if point is taken else point for point in front]
    else:
        front = sorted([*front, chosen], key=lambda point: -sign * point.score)
    return Preferred(choice=choice, front=tuple(front), standard_error=error)


def standard_error(
    history: History, predictions: Mapping[int, Predictions], dataset: Dataset, seed: int
) -> float:
    """Return the standard error of the best trial's score.

    That of the mean over its folds, of which no more count than would serve: folds that are drawn
    again hold the same rows. With a single fold by a bootstrap of its rows.
    """
    best = history.best
    assert best is not None  # a model was chosen
    if len(best.fold_scores) > 1:
        return float(np.std(best.fold_scores, ddof=1) / np.sqrt(n_served(best)))
    held = predictions[best.trial.number]
    rows = validated_rows(held)
    weight = None if dataset.sample_weight is None else dataset.sample_weight[rows]
    low, high = bootstrap_interval(
        history.metric,
        dataset.y[rows],
        held[rows],
        seed=seed,
        level=_ONE_ERROR,
        n=_SAMPLES,
        sample_weight=weight,
        groups=None if dataset.groups is None else dataset.groups[rows],
    )
    return (high - low) / 2.0


def _of_trial(result: TrialResult, time: RefitTime, reading: SharedReading) -> FrontPoint:
    trial = result.trial
    shared = reading.needed_by([trial.configuration.family])
    (copies,) = _copies([result], time)
    name = f"trial {trial.number} {trial.configuration.family}"
    if trial.variant is not None:
        name = f"{name}, {trial.variant.label}"
    assert result.score is not None  # it succeeded
    return FrontPoint(
        name=name,
        trial=trial.number,
        score=result.score,
        latency=shared.latency + copies * row_ms(result),
        size=shared.size + copies * size_mb(result),
        operations=copies * operations(result),
    )


def _copies(results: Sequence[TrialResult], time: RefitTime) -> list[int]:
    """Return as how many models each of these serves: a refitted one, or those of its folds."""
    return [
        1 if way in (None, RefitMode.REFIT) else n_served(each)
        for each, way in zip(results, time.plan(results), strict=True)
    ]


def _of_ensemble(
    choice: EnsembleChoice, history: History, time: RefitTime, reading: SharedReading
) -> FrontPoint:
    by_number = {each.trial.number: each for each in history.successes}
    members = [by_number[number] for number, _ in choice.members]
    pairs = list(zip(_copies(members, time), members, strict=True))
    shared = reading.needed_by(each.trial.configuration.family for each in members)
    return FrontPoint(
        name=f"{ENSEMBLE} of {len(members)} models",
        trial=None,
        score=_ensemble_score(choice, history),
        latency=shared.latency + sum(n * row_ms(each) for n, each in pairs),
        size=shared.size + sum(n * size_mb(each) for n, each in pairs),
        operations=sum(n * operations(each) for n, each in pairs),
    )


def _ensemble_score(choice: EnsembleChoice, history: History) -> float:
    """Return the ensemble's score on the scale of the trials, which are means over folds.

    The combiners were compared on other rows, all at once; what the ensemble gained there over the
    best trial alone is added to that one's score.
    """
    best, sign = history.best, history.metric.sign
    behind = {each.name: each.behind for each in choice.combiners}
    if best is None or best.score is None or not {choice.method, SINGLE.name} <= set(behind):
        return choice.cv_score
    return best.score + sign * (behind[SINGLE.name] - behind[choice.method])


def _balanced(
    front: Sequence[FrontPoint], sign: float, costs: Sequence[str], best: float, most: float
) -> FrontPoint:
    near = [point for point in front if sign * (best - point.score) <= most]
    losses = np.array([sign * (best - point.score) for point in near]) / max(most, 1e-300)
    axes = [losses]
    for name in costs:
        values = np.array([point.cost(name) for point in near])
        logs = np.log(np.maximum(np.where(np.isfinite(values), values, np.nan), 1e-9))
        low, high = np.nanmin(logs, initial=np.inf), np.nanmax(logs, initial=-np.inf)
        span = high - low if high > low else 1.0
        axes.append(np.nan_to_num((logs - low) / span, nan=1.0))
    distances = np.sqrt((np.vstack(axes) ** 2).sum(axis=0))
    return near[int(np.argmin(distances))]
