"""Configurations as vectors, and back.

Coordinates: one per family (a relaxed one-hot), then for each hyperparameter one in [0, 1] if it
is a number, or one per choice (a relaxed one-hot). Preprocessing choices share their
coordinates across families, so that what is learned about them on one family serves the others.
Inactive coordinates are -1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.space.family import FamilySpace
from espalier.pipelines.space.parameter import Parameter
from espalier.pipelines.trials.configuration import Configuration, Value

INACTIVE = -1.0


@dataclass(frozen=True, slots=True)
class Coordinate:
    """One column of the encoding, and the hyperparameter or choice that it stands for.

    Attributes
    ----------
    family : str or None
        The family it belongs to; None if families share it.
    name : str
        The hyperparameter, or ``family``.
    choice : value or None
        The choice it is the one-hot coordinate of; None for a number.
    """

    family: str | None
    name: str
    choice: Value | None = None

    def __str__(self) -> str:
        prefix = "" if self.family is None else f"{self.family}:"
        return f"{prefix}{self.name}" + ("" if self.choice is None else f"={self.choice}")


class Encoding:
    """The map between configurations and vectors of one search space.

    Parameters
    ----------
    families : mapping of str to FamilySpace
        The families, in order.
    """

    def __init__(self, families: dict[str, FamilySpace]) -> None:
        self._families = families
        coordinates = [Coordinate(None, "family", name) for name in families]
        for name, family in families.items():
            for parameter in family.parameters:
                for coordinate in _columns(name, parameter):
                    if coordinate not in coordinates:
                        coordinates.append(coordinate)
        self.coordinates = tuple(coordinates)
        self._place = {coordinate: place for place, coordinate in enumerate(coordinates)}
        # Looked up thousands of times at each choice of trials.
        self._places = {
            name: [
                (parameter, [self._place[each] for each in _columns(name, parameter)])
                for parameter in family.parameters
            ]
            for name, family in families.items()
        }

    def encode(self, configurations: Sequence[Configuration]) -> NDArray[np.float64]:
        """Return vectors, shape (n_configurations, n_coordinates)."""
        vectors = np.full((len(configurations), len(self.coordinates)), INACTIVE)
        vectors[:, : len(self._families)] = 0.0
        for vector, configuration in zip(vectors, configurations, strict=True):
            vector[self._place[Coordinate(None, "family", configuration.family)]] = 1.0
            values = dict(configuration.items_)
            for parameter, places in self._places[configuration.family]:
                if parameter.name not in values:
                    continue
                value = values[parameter.name]
                if not parameter.choices:
                    vector[places[0]] = parameter.to_unit(value)
                    continue
                for place, choice in zip(places, parameter.choices, strict=True):
                    vector[place] = float(choice == value)
        return vectors

    def decode(self, vector: NDArray[Any]) -> Configuration:
        """Return the valid configuration nearest to ``vector``, shape (n_coordinates,).

        The largest coordinate of a family or choice wins; a hyperparameter that is active but
        whose coordinates say inactive takes its default.
        """
        names = list(self._families)
        family = names[int(np.argmax(vector[: len(names)]))]
        given: dict[str, Value] = {}
        for parameter, places in self._places[family]:
            part = np.asarray(vector, dtype=np.float64)[places]
            if (part < 0).all():
                continue
            given[parameter.name] = (
                parameter.choices[int(np.argmax(part))]
                if parameter.choices
                else parameter.from_unit(float(part[0]))
            )
        return self._families[family].complete(given, None)

    def decode_many(self, X: NDArray[np.float64]) -> list[Configuration]:
        """Return the valid configurations nearest to vectors, (n, n_coordinates), as `decode`.

        Faster where there are many: the columns are read for all of them at once.
        """
        names = list(self._families)
        family = X[:, : len(names)].argmax(axis=1)
        found: list[Configuration | None] = [None] * len(X)
        for place in np.unique(family):
            rows = np.flatnonzero(family == place)
            own = X[rows]
            values: list[tuple[str, list[Value | None]]] = []
            for parameter, places in self._places[names[place]]:
                part = own[:, places]
                there = np.asarray((part >= 0).any(axis=1))
                read: list[Value | None] = (
                    [parameter.choices[at] for at in part.argmax(axis=1)]
                    if parameter.choices
                    else [parameter.from_unit(float(at)) for at in part[:, 0]]
                )
                known = [value if ok else None for value, ok in zip(read, there, strict=True)]
                values.append((parameter.name, known))
            for at, row in enumerate(rows):
                given = {name: known[at] for name, known in values if known[at] is not None}
                found[row] = self._families[names[place]].complete(given, None)
        return [each for each in found if each is not None]


def _columns(family: str, parameter: Parameter) -> list[Coordinate]:
    """Return the coordinates of a hyperparameter."""
    owner = None if parameter.name.startswith("prep_") else family
    if not parameter.choices:
        return [Coordinate(owner, parameter.name)]
    return [Coordinate(owner, parameter.name, choice) for choice in parameter.choices]
