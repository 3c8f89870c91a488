"""Advise a run what to try first, and compare the advice with what was observed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtr

from espalier.pipelines.experience.belief import Belief
from espalier.pipelines.experience.first_candidates import Candidates
from espalier.pipelines.experience.knowledge import Knowledge
from espalier.pipelines.experience.recording.space_alignment import align_configuration
from espalier.pipelines.experience.transfer.predictor import RunPrior
from espalier.pipelines.experience.transfer.validate import spearman
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History

FIRST = 4
"""Number of configurations to advise, beside those that won on this very dataset before."""
_SHOWN_DATASETS = 5
_FEWEST_TO_CORRELATE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The configurations to try first on a dataset, and the scores expected of them.

    Attributes
    ----------
    first : tuple of Configuration
        Configurations in the run's space, in the order to try them.
    expected : tuple of float
        Expected quantile of each among the trials of a similar dataset; 1 is best.
    similar : tuple of (name, distance)
        The most similar known datasets, with the mean difference of the meta-features in units of
        their spread.
    basis : str
        Where the expectations come from, for display.
    n_impossible : int
        Number of configurations of the portfolio that are not in the run's space.
    n_winners : int
        How many of the first ones were among the best of an earlier search on this dataset.
    source : str
        Where the experience comes from, for display.
    prior : RunPrior or None
        Predictor for any configuration; None if the predictor is not reliable enough.
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
    """The advice for a run compared with the scores that were observed.

    Attributes
    ----------
    advice : Advice
        The advice.
    observed : tuple of float or None
        Score of each advised configuration; None if it was not tried or failed.
    correlation : float or None
        Rank correlation of expected and observed scores; None with fewer than three to compare.
    belief : Belief or None
        How far experience was believed in the end; None if that could not be told.
    """

    advice: Advice
    observed: tuple[float | None, ...]
    correlation: float | None
    belief: Belief | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The comparison as text, one line per fact."""
        advice = self.advice
        near = ", ".join(name for name, _ in advice.similar[:3])
        tried = sum(score is not None for score in self.observed)
        said = f"experience: most like {near}; {len(advice.first)} configurations from it"
        if advice.n_winners:
            said += f", {advice.n_winners} of them won on this very dataset before"
        if advice.source:
            said += f" ({advice.source})"
        if self.correlation is None:
            compared = f"expected vs observed: {tried} to compare, too few; {advice.basis}"
        else:
            compared = (
                f"expected vs observed: rank correlation {self.correlation:.2f} over {tried} first "
                f"trials; {advice.basis}"
            )
        return (said, compared, *(() if self.belief is None else (self.belief.words,)))

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
            "belief": None if self.belief is None else self.belief.to_dict(),
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
    """Return the advice for a dataset: which configurations to try first.

    Parameters
    ----------
    knowledge : Knowledge
        The knowledge, from `open_knowledge`.
    space : SearchSpace
        The search space of the run.
    meta : MetaFeatures
        Meta-features of the dataset.
    content : str
        Identifies the dataset (`record.content_of`): if it is known, the configurations that were
        best on it come first.
    about : tuple of float
        The subject of the dataset as a vector (`statement_vector`); empty if not given.
    source : str
        Where the experience comes from, for display.
    most : int
        Largest number of configurations, beside those that won here before.
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
    known = [each for each, place in found.items() if place in winners]
    first = list(found)[: len(known) + most]
    prior = None
    if knowledge.validation.trusted:
        prior = RunPrior(knowledge.predictor, space, meta)
        others = {each: place for each, place in found.items() if place not in winners}
        costs = {each: float(portfolio.costs[place]) for each, place in others.items()}
        relatives = dict(prior.unrecorded.relatives)
        for family in space.families:
            if family not in relatives:
                for each in (space.default(family), *space.starters(family)):
                    costs.setdefault(each, 1.0)
        candidates = Candidates.of(
            list(costs), np.array(list(costs.values())), space, knowledge.predictor, meta
        )
        ranked = [candidates.configurations[place] for place in candidates.by_promise(most)]
        first = list(dict.fromkeys([*known, *ranked]))[: len(known) + most]
        first = _with_unrecorded(first, relatives, space)
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


def _with_unrecorded(
    first: Sequence[Configuration], relatives: Mapping[str, str], space: SearchSpace
) -> list[Configuration]:
    """Return the configurations with the default of each unrecorded family after its relative.

    Where no configuration of the relative is worth trying first, neither is it.
    """
    found = list(first)
    for family, relative in relatives.items():
        own = [each.family == relative for each in found]
        if True in own:
            found.insert(own.index(True) + 1, space.default(family))
    return found


def measure_advice(advice: Advice, history: History, belief: Belief | None = None) -> AdviceOutcome:
    """Return the scores that the advised configurations reached in a run.

    ``belief`` is what `measure_belief` says of it.
    """
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
        belief=belief,
    )
