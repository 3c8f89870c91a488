"""The family subspace: the hyperparameters of one model family on one table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ConfigSpace import (
    CategoricalHyperparameter,
    ConfigurationSpace,
    EqualsCondition,
    InCondition,
)
from ConfigSpace.hyperparameters import (
    UniformFloatHyperparameter,
    UniformIntegerHyperparameter,
)

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.space.objectives import choice_of_objective
from espalier.pipelines.space.parameter import Parameter
from espalier.pipelines.space.preprocessing import preprocessing_space
from espalier.pipelines.trials.configuration import Configuration, Value

# The choice of how categories become columns, and its value "by the family itself".
_ENCODING, _NATIVE = "prep_encoding", "native"


@dataclass(frozen=True, slots=True)
class FamilySpace:
    """The hyperparameters of one family, parents before children.

    Attributes
    ----------
    learner : Learner
        The family.
    parameters : tuple of Parameter
        Hyperparameters of its model and of its preprocessing.
    """

    learner: Learner
    parameters: tuple[Parameter, ...]

    @classmethod
    def of(
        cls, learner: Learner, shape: DatasetShape, objectives: tuple[str, ...] = ()
    ) -> "FamilySpace":
        """Return the space of ``learner`` on a table of this shape.

        ``objectives`` are the ways to train to choose from, the default first.
        """
        own = _compile(learner.space(shape))
        before = _compile(preprocessing_space(learner.preprocessing, shape))
        native = _of_categories(learner, shape, {each.name: each for each in before})
        return cls(learner, own + before + native + choice_of_objective(objectives, learner.losses))

    def complete(self, given: Mapping[str, Any], rng: np.random.Generator | None) -> Configuration:
        """Return the configuration of the ``given`` values, the rest filled in.

        Parameters
        ----------
        given : mapping
            Values by name; those that turn out inactive are dropped.
        rng : Generator or None
            Draws what is not given; None takes the defaults.
        """
        values: dict[str, Value] = {}
        for parameter in self.parameters:
            if not parameter.is_active(values):
                continue
            if parameter.name in given:
                values[parameter.name] = parameter.canonical(given[parameter.name])
            elif rng is None:
                values[parameter.name] = parameter.canonical(parameter.default)
            else:
                values[parameter.name] = parameter.sample(rng)
        return Configuration.of(self.learner.name, values)

    def neighbour(self, configuration: Configuration, rng: np.random.Generator) -> Configuration:
        """Return a configuration with one hyperparameter changed.

        Hyperparameters that become active by the change take their defaults.
        """
        changeable = [each for each in self.parameters if each.name in configuration]
        if not changeable:
            return configuration
        chosen = changeable[int(rng.integers(len(changeable)))]
        values = dict(configuration)
        values[chosen.name] = chosen.neighbour(values[chosen.name], rng)
        return self.complete(values, None)


def _of_categories(
    learner: Learner, shape: DatasetShape, before: Mapping[str, Parameter]
) -> tuple[Parameter, ...]:
    """Return the hyperparameters of a family's own treatment of categories, where it may be used.

    They depend on the choice ``prep_encoding``, if there is one.
    """
    encodings = learner.preprocessing.encodings(weighted=shape.is_weighted)
    levels = shape.n_categorical + shape.n_text  # texts that repeat may be categories too
    if learner.of_categories is None or not levels or _NATIVE not in encodings:
        return ()
    if _ENCODING in before:
        made = _compile(learner.of_categories(shape))
        return tuple(replace(each, parent=_ENCODING, when=(_NATIVE,)) for each in made)
    return _compile(learner.of_categories(shape)) if encodings[0] == _NATIVE else ()


def _compile(space: ConfigurationSpace) -> tuple[Parameter, ...]:
    """Convert ConfigSpace hyperparameters to `Parameter` objects, parents before children."""
    parents: dict[str, tuple[str, tuple[Any, ...]]] = {}
    for condition in space.conditions:
        if isinstance(condition, EqualsCondition):
            allowed = (condition.value,)
        elif isinstance(condition, InCondition):
            allowed = tuple(condition.values)
        else:
            raise TypeError(
                "a family's conditions must be EqualsCondition or InCondition, "
                f"not {type(condition).__name__}"
            )
        if condition.child.name in parents:
            raise TypeError(f"{condition.child.name!r} has two conditions; give it one")
        parents[condition.child.name] = (condition.parent.name, allowed)
    names = [name for name in space if name not in parents]
    while len(names) < len(space):
        names += [name for name in space if name not in names and parents[name][0] in names]
    return tuple(_parameter(space[name], parents.get(name)) for name in names)


def _parameter(hyperparameter: Any, parent: tuple[str, tuple[Any, ...]] | None) -> Parameter:
    """Convert one ConfigSpace hyperparameter to a `Parameter`."""
    parent_name, when = (None, ()) if parent is None else parent
    if isinstance(hyperparameter, CategoricalHyperparameter):
        return Parameter(
            name=hyperparameter.name,
            default=_plain(hyperparameter.default_value),
            choices=tuple(_plain(choice) for choice in hyperparameter.choices),
            parent=parent_name,
            when=tuple(_plain(value) for value in when),
        )
    if isinstance(hyperparameter, UniformFloatHyperparameter | UniformIntegerHyperparameter):
        return Parameter(
            name=hyperparameter.name,
            default=_plain(hyperparameter.default_value),
            low=float(hyperparameter.lower),
            high=float(hyperparameter.upper),
            log=bool(hyperparameter.log),
            whole=isinstance(hyperparameter, UniformIntegerHyperparameter),
            parent=parent_name,
            when=tuple(_plain(value) for value in when),
        )
    raise TypeError(
        "a family's hyperparameters must be Categorical, Float or Integer (uniform), "
        f"not {type(hyperparameter).__name__}"
    )


def _plain(value: Any) -> Value:
    item: Value = value.item() if hasattr(value, "item") else value
    return str(item) if isinstance(item, str) else item
