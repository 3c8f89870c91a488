"""Proposals of Optuna's samplers, for comparison: TPE, and a genetic algorithm.

Akiba et al., *Optuna* (2019); Bergstra et al., *Algorithms for hyper-parameter optimization* (2011)
for TPE; Deb et al., *NSGA-II* (2002) for the genetic algorithm. The study is rebuilt from the
history each time, so that a proposal depends on the trials alone.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from espalier.pipelines.acquisition.front import front_of
from espalier.pipelines.search.limits.aims import THE_SCORE, Aims
from espalier.pipelines.seeds import generator, integer_seed
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.parameter import Parameter
from espalier.pipelines.surrogate.targets import observe
from espalier.pipelines.trials.configuration import Configuration, Value
from espalier.pipelines.trials.history import History

if TYPE_CHECKING:
    import optuna

_STARTUP = 10  # Optuna's own default
_POPULATION = 20
_ELITE_SHARE = 0.2
_DRAWS = 8
_UNKNOWN_COST = 1e300  # of a trial without a model, worse than any

Propose = Callable[..., list[Configuration]]


def tpe(
    space: SearchSpace,
    history: History,
    *,
    n: int,
    seed: int,
    pending: Sequence[Configuration] = (),
    aims: Aims = THE_SCORE,  # noqa: ARG001 - it searches for the best score alone
) -> list[Configuration]:
    """Return ``n`` configurations proposed by Optuna's tree-structured Parzen estimator.

    Running trials and earlier ones of the batch count as bad (constant liar).
    """
    import optuna

    with _quiet():
        sampler = optuna.samplers.TPESampler(n_startup_trials=_STARTUP, seed=seed)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        observed = observe(history)
        for configuration, gain in zip(observed.configurations, observed.gains, strict=True):
            study.add_trial(_finished(space, configuration, float(gain)))
        for configuration in pending:
            study.enqueue_trial(_named(space, configuration))
            _suggest(space, study.ask())
        return [_suggest(space, study.ask()) for _ in range(n)]


def nsga2(
    space: SearchSpace,
    history: History,
    *,
    n: int,
    seed: int,
    pending: Sequence[Configuration] = (),  # noqa: ARG001 - a child does not depend on them
    aims: Aims = THE_SCORE,
) -> list[Configuration]:
    """Return ``n`` configurations bred from the best trials by a genetic algorithm.

    Parents mate within a family only: a family is drawn from the best fifth of all trials (with
    costs among the aims, from the front), and Optuna's genetic algorithm crosses and mutates its
    trials, the better ones by what no other one beats in score and costs.
    """
    observed = observe(history)
    values = observed.gains[:, None]
    if aims.costs:
        costs = aims.of(observed.configurations)
        values = np.hstack([values, -np.nan_to_num(costs, posinf=_UNKNOWN_COST)])
        elite = front_of(-values[:, 1:], observed.gains)
    else:
        order = np.argsort(-observed.gains, kind="stable")
        elite = order[: max(2, round(_ELITE_SHARE * len(order)))]
    rng = generator(seed, "evolution")
    children = []
    for number in range(n):
        family = observed.configurations[int(rng.choice(elite))].family
        parents = [
            (configuration, tuple(map(float, value)))
            for configuration, value in zip(observed.configurations, values, strict=True)
            if configuration.family == family
        ]
        child_seed = integer_seed(seed, "child", number)
        children.append(_child(space, family, parents, child_seed, rng))
    return children


def _child(
    space: SearchSpace,
    family: str,
    parents: Sequence[tuple[Configuration, tuple[float, ...]]],
    seed: int,
    rng: np.random.Generator,
) -> Configuration:
    """Return one child of a family's trials; a neighbour where there is a single trial.

    Parameters
    ----------
    parents : sequence of (Configuration, values)
        The trials with what is to be large: the gain first, then the costs turned around.
    """
    if len(parents) < 2:
        return space.neighbours(parents[0][0], 1, rng)[0]
    import optuna

    parameters = space.family_space(family).parameters
    with _quiet():
        sampler = optuna.samplers.NSGAIISampler(
            population_size=max(2, min(_POPULATION, len(parents) // 2)), seed=seed
        )
        study = optuna.create_study(directions=["maximize"] * len(parents[0][1]), sampler=sampler)
        distributions = {each.name: _distribution(each) for each in parameters}
        for configuration, values in parents:
            params = {each.name: configuration.get(each.name, each.default) for each in parameters}
            study.add_trial(
                optuna.trial.create_trial(
                    params=params,
                    distributions=distributions,
                    values=list(values),
                    system_attrs={sampler._get_generation_key(): 0},
                )
            )
        for _ in range(_DRAWS):  # a child equal to a parent is drawn again
            child = space.complete(family, dict(study.ask(distributions).params))
            if child not in {configuration for configuration, _ in parents}:
                return child
    return space.neighbours(max(parents, key=lambda each: each[1][0])[0], 1, rng)[0]


def _distribution(parameter: Parameter) -> "optuna.distributions.BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if parameter.choices:
        return CategoricalDistribution(parameter.choices)
    if parameter.whole:
        return IntDistribution(int(parameter.low), int(parameter.high), log=parameter.log)
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def _active(space: SearchSpace, configuration: Configuration) -> Iterator[tuple[str, Parameter]]:
    """Yield the active hyperparameters with their names in an Optuna study."""
    for parameter in space.family_space(configuration.family).parameters:
        if parameter.name in configuration:
            yield f"{configuration.family}:{parameter.name}", parameter


def _named(space: SearchSpace, configuration: Configuration) -> dict[str, Value]:
    """Return the values of a configuration by their names in an Optuna study."""
    values: dict[str, Value] = {"family": configuration.family}
    for name, parameter in _active(space, configuration):
        values[name] = configuration[parameter.name]
    return values


def _finished(
    space: SearchSpace, configuration: Configuration, gain: float
) -> "optuna.trial.FrozenTrial":
    from optuna.distributions import CategoricalDistribution
    from optuna.trial import create_trial

    distributions: dict[str, Any] = {"family": CategoricalDistribution(space.families)}
    for name, parameter in _active(space, configuration):
        distributions[name] = _distribution(parameter)
    return create_trial(
        params=_named(space, configuration), distributions=distributions, value=gain
    )


def _suggest(space: SearchSpace, trial: "optuna.trial.Trial") -> Configuration:
    """Ask an Optuna trial for a configuration, hyperparameter by hyperparameter."""
    family = str(trial.suggest_categorical("family", space.families))
    values: dict[str, Value] = {}
    for parameter in space.family_space(family).parameters:
        if not parameter.is_active(values):
            continue
        name = f"{family}:{parameter.name}"
        if parameter.choices:
            value: Any = trial.suggest_categorical(name, parameter.choices)
        elif parameter.whole:
            low, high = int(parameter.low), int(parameter.high)
            value = trial.suggest_int(name, low, high, log=parameter.log)
        else:
            value = trial.suggest_float(name, parameter.low, parameter.high, log=parameter.log)
        values[parameter.name] = parameter.canonical(value)
    return space.complete(family, values)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna's log lines and warnings off the console."""
    logger = logging.getLogger("optuna")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


SAMPLERS: Mapping[str, Propose] = {"tpe": tpe, "nsga2": nsga2}
