"""What experience advises one run to try first, and how right it was in the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from espalier.pipelines.experience.knowledge import Knowledge
from espalier.pipelines.experience.recording.space_alignment import (
    align_configuration,
    align_coordinates,
)
from espalier.pipelines.experience.transfer.predictor import RunPrior
from espalier.pipelines.experience.transfer.transfer_process import (
    ProcessExperience,
    embedded,
    kernel,
)
from espalier.pipelines.experience.transfer.validate import spearman
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History

FIRST = 10
"""Configurations that are advised."""
_SHOWN_DATASETS = 5
_FEWEST_TO_CORRELATE = 3
# In units of the predictor's target, whose spread is about 1.
_COST_WEIGHT, _DOUBT_WEIGHT = 0.1, 0.5
_ALIKE_WEIGHT, _FAMILY_WEIGHT = 1.0, 0.3
_DEFAULT_TURNS = (0, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to try first, and what to expect of it.

    Attributes
    ----------
    first : tuple of Configuration
        In the run's space, in the order to try them.
    expected : tuple of float
        Quantile of each among the trials of a dataset like this one: 1 is best.
    similar : tuple of (name, distance)
        The known datasets most like this one; mean difference of the meta-features in spreads.
    basis : str
        What the expectations are from, for people.
    n_impossible : int
        Configurations of the portfolio that the run's space does not have.
    n_winners : int
        How many of the first ones won an earlier search on this very dataset.
    source : str
        Which experience this is, for people.
    prior : RunPrior or None
        What is expected of any configuration; None where the predictor is not to be trusted.
    """

    first: tuple[Configuration, ...]
    expected: tuple[float, ...]
    similar: tuple[tuple[str, float], ...]
    basis: str
    n_impossible: int = 0
    n_winners: int = 0
    source: str = ""
    prior: RunPrior | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceOutcome:
    """What was expected of the first trials, and what came out.

    Attributes
    ----------
    advice : Advice
        What was expected.
    observed : tuple of float or None
        Score of each advised configuration; None where it was not tried or has none.
    correlation : float or None
        Rank correlation of expected with observed; None with fewer than three to compare.
    """

    advice: Advice
    observed: tuple[float | None, ...]
    correlation: float | None

    @property
    def lines(self) -> tuple[str, ...]:
        """The same for people, a line each."""
        advice = self.advice
        near = ", ".join(name for name, _ in advice.similar[:3])
        tried = sum(score is not None for score in self.observed)
        said = f"experience: most like {near}; {len(advice.first)} configurations from it"
        if advice.n_winners:
            said += f", {advice.n_winners} of them won on this very dataset before"
        if advice.source:
            said += f" ({advice.source})"
        if self.correlation is None:
            return (said, f"expected vs observed: {tried} to compare, too few; {advice.basis}")
        return (
            said,
            f"expected vs observed: rank correlation {self.correlation:.2f} over {tried} first "
            f"trials; {advice.basis}",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        advice = self.advice
        trials: list[Mapping[str, Any]] = [
            {"configuration": each.to_dict(), "expected_quantile": quantile, "observed": score}
            for each, quantile, score in zip(
                advice.first, advice.expected, self.observed, strict=True
            )
        ]
        return {
            "similar_datasets": [
                {"name": name, "distance": round(distance, 4)} for name, distance in advice.similar
            ],
            "experience": advice.source,
            "basis": advice.basis,
            "won_here_before": advice.n_winners,
            "not_in_this_space": advice.n_impossible,
            "first": trials,
            "rank_correlation": self.correlation,
        }


def advise(
    knowledge: Knowledge,
    space: SearchSpace,
    meta: MetaFeatures,
    *,
    content: str = "",
    about: tuple[float, ...] = (),
    source: str = "",
    most: int = FIRST,
) -> Advice:
    """Return what to try first on a dataset.

    Parameters
    ----------
    knowledge : Knowledge
        From `open_knowledge`.
    space : SearchSpace
        What may be tried.
    meta : MetaFeatures
        Of the dataset.
    content : str
        Names the dataset (`record.content_of`): where it is known, what won on it comes first.
    about : tuple of float
        What the dataset is about (`statement_vector`); empty where nobody says.
    source : str
        Which experience this is, for people.
    most : int
        How many configurations at most.
    """
    portfolio = knowledge.portfolio
    found: dict[Configuration, int] = {}
    n_impossible = 0
    apart = portfolio.distances(meta, about)
    nearest = np.argsort(apart, kind="stable")[:_SHOWN_DATASETS]
    winners = portfolio.winners(content)
    order = portfolio.order_for(space.shape.problem, space.shape.n_rows, meta, about)
    near = [place for at in nearest for place in portfolio.winners(portfolio.contents[at])]
    for place in dict.fromkeys((*winners, *order, *near)):
        today = align_configuration(portfolio.configurations[place], space)
        if today is None:
            n_impossible += 1
        else:
            found.setdefault(today, place)
    first = list(found)[:most]
    prior = None
    if knowledge.validation.trusted:
        prior = RunPrior(knowledge.predictor, space.coordinates, meta)
        known = [each for each, place in found.items() if place in winners]
        others = {each: place for each, place in found.items() if place not in winners}
        costs = {each: float(portfolio.costs[place]) for each, place in others.items()}
        for family in space.families:
            costs.setdefault(space.default(family), 1.0)
        candidates = Candidates.of(
            list(costs), np.array(list(costs.values())), space, knowledge.predictor, meta
        )
        ranked = [candidates.configurations[place] for place in candidates.by_promise(most)]
        first = list(dict.fromkeys([*known, *ranked]))[:most]
        expected = ndtr(prior.mean(space.encode(first)))
        basis = knowledge.validation.words
    else:
        regrets = [portfolio.expected_regret(found[each], meta) for each in first]
        expected = 1.0 - np.array(regrets)
        basis = f"{knowledge.validation.words}; expected is what similar datasets gave"
    return Advice(
        first=tuple(first),
        expected=tuple(float(each) for each in expected),
        similar=tuple((portfolio.datasets[at], float(apart[at])) for at in nearest),
        basis=basis,
        n_impossible=n_impossible,
        n_winners=sum(found.get(each) in winners for each in first),
        source=source,
        prior=prior,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Configurations that could be tried first, c of them.

    Attributes
    ----------
    configurations : tuple of Configuration
        In the run's space.
    mean, doubt : array, shape (c,)
        What the predictor expects, and how far its bags disagree.
    costs : array, shape (c,)
        Relative seconds.
    nearness : array, shape (c, c)
        Kernel of the configurations: near 1 for those that will do alike.
    is_default : array of bool, shape (c,)
        Which are the default of their family.
    """

    configurations: tuple[Configuration, ...]
    mean: NDArray[np.float64]
    doubt: NDArray[np.float64]
    costs: NDArray[np.float64]
    nearness: NDArray[np.float64]
    is_default: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        configurations: Sequence[Configuration],
        costs: NDArray[np.float64],
        space: SearchSpace,
        predictor: ProcessExperience,
        meta: MetaFeatures,
    ) -> "Candidates":
        """Return the candidates as the predictor sees them."""
        X = align_coordinates(
            space.encode(list(configurations)), space.coordinates, predictor.coordinates
        )
        mean, doubt = predictor.predict(X, meta)
        points = embedded(X, predictor.coordinates)
        defaults = {space.default(family) for family in space.families}
        return cls(
            configurations=tuple(configurations),
            mean=mean,
            doubt=doubt,
            costs=costs,
            nearness=kernel(points, points),
            is_default=np.array([each in defaults for each in configurations], dtype=bool),
        )

    def by_promise(self, n: int) -> list[int]:
        """Return the places of the ``n`` to try first, best first.

        What won elsewhere is overestimated, the more so the more the bags disagree; of two that
        will do alike one is enough, and another family is another chance. Defaults were tried
        everywhere and are known best: the first and the third are the most promising of them.
        """
        promise = self.mean - _DOUBT_WEIGHT * self.doubt
        promise = promise - _COST_WEIGHT * np.log(np.maximum(self.costs, 1e-3))
        family = np.array([each.family for each in self.configurations])
        chosen: list[int] = []
        while len(chosen) < min(n, len(self.configurations)):
            left = np.ones(len(promise), dtype=bool)
            left[chosen] = False
            if len(chosen) in _DEFAULT_TURNS and (left & self.is_default).any():
                left &= self.is_default
            alike = self.nearness[:, chosen].max(axis=1) if chosen else np.zeros(len(promise))
            again = np.isin(family, family[chosen])
            value = promise - _ALIKE_WEIGHT * alike - _FAMILY_WEIGHT * again
            value = np.where(left, value, -np.inf)
            chosen.append(int(value.argmax()))
        return chosen


def measure_advice(advice: Advice, history: History) -> AdviceOutcome:
    """Return how the advised configurations did in a run."""
    by_configuration = {each.trial.configuration: each for each in history.results}
    results = [by_configuration.get(each) for each in advice.first]
    pairs = [
        (expected, history.gain(result))
        for expected, result in zip(advice.expected, results, strict=True)
        if result is not None and result.succeeded
    ]
    correlation = None
    if len(pairs) >= _FEWEST_TO_CORRELATE:
        left, right = np.array(pairs).T
        correlation = round(spearman(left, right), 4)
    return AdviceOutcome(
        advice=advice,
        observed=tuple(None if result is None else result.score for result in results),
        correlation=correlation,
    )
