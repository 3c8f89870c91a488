"""Propose configurations by gradient ascent on a surrogate's expected improvement."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.acquisition.guide import BelievingPredictor, Proposal, propose_by_gradient
from espalier.pipelines.acquisition.objective import Limit, Objective
from espalier.pipelines.evaluation.limits import limit_threads
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.cost_process import CostProcess
from espalier.pipelines.surrogate.fold_noise import fold_noise
from espalier.pipelines.surrogate.gaussian_process import GaussianProcess
from espalier.pipelines.surrogate.kernel import Embedding
from espalier.pipelines.surrogate.neural import NeuralPredictor
from espalier.pipelines.surrogate.prior_mean import Experience, GuidedProcess
from espalier.pipelines.surrogate.targets import observe
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History

_INCUMBENTS = 5


def guided_proposals(
    space: SearchSpace,
    history: History,
    *,
    n: int,
    rng: np.random.Generator,
    pending: Sequence[Configuration] = (),
    favourites: Sequence[Configuration] = (),
    seconds_limit: float | None = None,
    cost_weight: float = 0.0,
    families: Sequence[str] | None = None,
    admissible: Callable[[Configuration], bool] | None = None,
    max_per_family: int | None = None,
    with_ascent: bool = True,
    neural_seed: int | None = None,
    prior: Experience | None = None,
    prior_seed: int = 0,
) -> list[Proposal]:
    """Return up to ``n`` proposals of the largest log expected improvement.

    Parameters
    ----------
    space : SearchSpace
        The search space.
    history : History
        At least two trials, all of families in the space.
    n : int
        Number of proposals.
    rng : Generator
        Draws candidates and starts.
    pending : sequence of Configuration
        Configurations of running trials.
    favourites : sequence of Configuration
        Configurations to start from beside the best so far.
    seconds_limit : float or None
        Most seconds of a trial; the probability to stay below it is a factor. None: no limit.
    cost_weight : float
        Weight of log seconds; 0 without ``seconds_limit``.
    families : sequence of str or None
        The only families to choose from; None for all.
    admissible : callable (configuration) -> bool, optional
        Whether a configuration may be proposed.
    max_per_family : int or None
        Most configurations of one family in a batch.
    with_ascent : bool
        Whether to use ascent; otherwise only random candidates.
    neural_seed : int or None
        Seed of an ensemble of networks that replaces the Gaussian process; None to keep it.
    prior : Experience or None
        Predictions from earlier runs as prior mean, weighed by how well they rank the trials.
    prior_seed : int
        Seed of that weighing.
    """
    observed = observe(history)
    X = space.encode(observed.configurations)
    # Matrices of a hundred rows: threads would only get in each other's way.
    with limit_threads(1):
        embedding = Embedding(space.coordinates)
        predictor: BelievingPredictor
        if neural_seed is None:
            noise = fold_noise(complete_folds(history))
            process = GaussianProcess(embedding)
            predictor = (
                process.fit(X, observed.gains, noise=noise)
                if prior is None
                else GuidedProcess(process, prior, seed=prior_seed).fit(
                    X, observed.gains, noise=noise
                )
            )
        else:
            predictor = NeuralPredictor(embedding, seed=neural_seed).fit(X, observed.gains)
        costs = CostProcess.of(space, history, embedding) if seconds_limit is not None else None
        limits: tuple[Limit, ...] = ()
        if costs is not None and seconds_limit is not None:
            limits = (Limit(costs, math.log(seconds_limit)),)
        believed = predictor.predict(X)[0]
        objective = Objective(
            predictor=predictor,
            best=float(believed.max()),
            log_seconds=costs,
            cost_weight=cost_weight,
            limits=limits,
        )
        order = np.argsort(-believed, kind="stable")[:_INCUMBENTS]
        return propose_by_gradient(
            space,
            objective,
            predictor,
            tried=observed.configurations,
            incumbents=[*(observed.configurations[place] for place in order), *favourites],
            pending=pending,
            families=families,
            n=n,
            rng=rng,
            admissible=admissible,
            max_per_family=max_per_family,
            with_ascent=with_ascent,
        )


def complete_folds(history: History) -> NDArray[np.float64]:
    """Return the scores of complete trials, larger is better, shape (n, n_folds)."""
    scores = [result.fold_scores for result in history.successes]
    width = max((len(each) for each in scores), default=1)
    whole = [each for each in scores if len(each) == width]
    return history.metric.sign * np.array(whole, dtype=np.float64).reshape(len(whole), width)
