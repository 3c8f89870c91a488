"""The story of a search: families, proposers, what was expected, where the best came from."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from espalier.pipelines.explain.search.growth import GrowthStage
from espalier.pipelines.explain.search.relatives import Relative, relatives
from espalier.pipelines.explain.search.setting_importance import (
    FamilyImportance,
    clipped,
    setting_importances,
)
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult, TrialStatus

FEWEST_EXPECTED = 4
"""Trials with an expectation from which it is compared with what came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRecord:
    """What a model family did in a search.

    Attributes
    ----------
    family : str
        The family.
    n_trials, n_scored, n_stopped, n_failed : int
        All its trials, those with a score, those stopped as clearly worse, and those that failed.
    best, median : float or None
        Scores in the metric's own direction; None without any.
    seconds : float
        Seconds of all its trials together.
    weight : float
        Its share of the ensemble.
    """

    family: str
    n_trials: int
    n_scored: int
    n_stopped: int
    n_failed: int
    best: float | None
    median: float | None
    seconds: float
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginRecord:
    """What a source of proposals contributed.

    Attributes
    ----------
    origin : str
        Who proposed, such as ``default`` or ``surrogate``.
    n_trials, n_scored : int
        All its trials, and those with a score.
    n_records : int
        How often one of them was better than all trials before.
    best : float or None
        Its best score; None without any.
    weight : float
        Its share of the ensemble.
    """

    origin: str
    n_trials: int
    n_scored: int
    n_records: int
    best: float | None
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """An improvement that the predictor expected, and what came.

    Both are improvements on the best trial of before, in standard errors of the trial's score.

    Attributes
    ----------
    trial : int
        The trial.
    expected : float
        Expected improvement, never below 0.
    observed : float
        Score less the best of all trials with smaller numbers; below 0 if it was worse.
    """

    trial: int
    expected: float
    observed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStory:
    """A search in figures; all are computed from the recorded trials.

    Attributes
    ----------
    n_trials : int
        Number of trials.
    families : tuple of FamilyRecord
        The family with the best score first.
    family_share : float or None
        Share of the variance of scores that lies between families, in [0, 1]; None with fewer than
        two families with scores.
    settings : tuple of FamilyImportance
        Importance of hyperparameters, of families with enough trials.
    origins : tuple of OriginRecord
        In the order of their first trials.
    expectations : tuple of Expectation
        Of trials that a predictor proposed; empty with fewer than `FEWEST_EXPECTED`.
    line : tuple of Relative
        Relatives of the best trial, itself last.
    growth : tuple of GrowthStage
        Scores of the ensemble as its members join.
    """

    n_trials: int
    families: tuple[FamilyRecord, ...] = ()
    family_share: float | None = None
    settings: tuple[FamilyImportance, ...] = ()
    origins: tuple[OriginRecord, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    line: tuple[Relative, ...] = ()
    growth: tuple[GrowthStage, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self)


def tell_search(
    history: History,
    space: SearchSpace,
    *,
    weights: Mapping[int, float],
    seed: int,
    growth: tuple[GrowthStage, ...] = (),
) -> SearchStory:
    """Return the story of a search.

    Parameters
    ----------
    history : History
        All trials.
    space : SearchSpace
        The search space.
    weights : mapping of int to float
        Share of each member in the ensemble, by trial number.
    seed : int
        The run's seed.
    growth : tuple of GrowthStage
        From `espalier.pipelines.explain.search.growth.ensemble_growth`.
    """
    return SearchStory(
        n_trials=len(history),
        families=_families(history, weights),
        family_share=_family_share(history),
        settings=setting_importances(history, space, seed=seed),
        origins=_origins(history, weights),
        expectations=_expectations(history),
        line=relatives(history, space),
        growth=growth,
    )


def _families(history: History, weights: Mapping[int, float]) -> tuple[FamilyRecord, ...]:
    by_family: dict[str, list[TrialResult]] = {}
    for result in history.ordered:
        by_family.setdefault(result.trial.configuration.family, []).append(result)
    found = []
    for family, results in by_family.items():
        scored = [each for each in results if each.succeeded]
        stopped = sum(each.status is TrialStatus.PRUNED for each in results)
        found.append(
            FamilyRecord(
                family=family,
                n_trials=len(results),
                n_scored=len(scored),
                n_stopped=stopped,
                n_failed=len(results) - len(scored) - stopped,
                best=_best(scored, history),
                median=float(np.median([each.score for each in scored if each.score is not None]))
                if scored
                else None,
                seconds=sum(each.seconds for each in results),
                weight=_weight(results, weights),
            )
        )
    sign = history.metric.sign
    return tuple(sorted(found, key=lambda each: np.inf if each.best is None else -sign * each.best))


def _family_share(history: History) -> float | None:
    """Return eta squared of the scores by family, scores far behind moved up."""
    successes = history.successes
    families = [each.trial.configuration.family for each in successes]
    if len(set(families)) < 2:
        return None
    gains = clipped([history.gain(each) for each in successes])
    total = float(((gains - gains.mean()) ** 2).sum())
    if not total > 0:
        return None
    names = np.array(families)
    between = sum(
        float((names == name).sum()) * (float(gains[names == name].mean()) - gains.mean()) ** 2
        for name in set(families)
    )
    return float(between / total)


def _origins(history: History, weights: Mapping[int, float]) -> tuple[OriginRecord, ...]:
    by_origin: dict[str, list[TrialResult]] = {}
    records: dict[str, int] = {}
    best = -np.inf
    for result in history.ordered:
        origin = result.trial.origin
        by_origin.setdefault(origin, []).append(result)
        if result.succeeded and history.gain(result) > best:
            best = history.gain(result)
            records[origin] = records.get(origin, 0) + 1
    return tuple(
        OriginRecord(
            origin=origin,
            n_trials=len(results),
            n_scored=sum(each.succeeded for each in results),
            n_records=records.get(origin, 0),
            best=_best([each for each in results if each.succeeded], history),
            weight=_weight(results, weights),
        )
        for origin, results in by_origin.items()
    )


def _expectations(history: History) -> tuple[Expectation, ...]:
    found = []
    best: float | None = None
    for result in history.ordered:
        if not result.succeeded:
            continue
        gain, expected = history.gain(result), result.trial.expected_gain
        n_folds = len(result.fold_scores)
        if expected is not None and best is not None and result.score_std and n_folds > 1:
            error = result.score_std / np.sqrt(n_folds)
            found.append(
                Expectation(
                    trial=result.trial.number,
                    expected=float(expected),
                    observed=float((gain - best) / error),
                )
            )
        best = gain if best is None else max(best, gain)
    return tuple(found) if len(found) >= FEWEST_EXPECTED else ()


def _best(scored: Sequence[TrialResult], history: History) -> float | None:
    best = max(scored, key=history.gain, default=None)
    return None if best is None else best.score


def _weight(results: Sequence[TrialResult], weights: Mapping[int, float]) -> float:
    return sum(weights.get(each.trial.number, 0.0) for each in results)
