"""One family's subspace as arrays: relaxed numbers, indices of choices, active coordinates.

Symbols: m points; d coordinates of the encoding; u (m, n_numbers) numbers as coordinates in
[0, 1]; c (m, n_choices) indices of choices.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.space.encode import INACTIVE
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.parameter import Parameter

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class NumericCoordinate:
    """A numeric hyperparameter of a family, with its column of the encoding.

    Attributes
    ----------
    column : int
        Its column of the encoding.
    parameter : Parameter
        Its bounds and scale.
    """

    column: int
    parameter: Parameter

    def rounded(self, place: Array) -> Array:
        """Return the coordinates of the nearest valid values."""
        of = self.parameter
        if not of.whole or of.high == of.low:
            return np.clip(place, 0.0, 1.0)
        ratio = of.high / of.low if of.log else 1.0
        value = of.low * ratio**place if of.log else of.low + place * (of.high - of.low)
        whole = np.clip(np.round(value), of.low, of.high)
        if of.log:
            return np.log(whole / of.low) / np.log(ratio)
        return (whole - of.low) / (of.high - of.low)

    def step(self) -> float:
        """Return the smallest step worth trying, as a share of the range."""
        of = self.parameter
        return 1.0 / max(of.high - of.low, 1.0) if of.whole and not of.log else 0.03


class FamilySubspace:
    """The hyperparameters of one family as arrays of numbers and choices.

    Parameters
    ----------
    space : SearchSpace
        The joint search space.
    family : str
        Name of the family.
    """

    def __init__(self, space: SearchSpace, family: str) -> None:
        self.family = family
        self._place = space.families.index(family)
        self._n_families = len(space.families)
        self._n_coordinates = len(space.coordinates)
        column = {name: place for place, name in enumerate(space.coordinates)}
        self.parameters = space.family_space(family).parameters
        numbers: list[NumericCoordinate] = []
        choices: list[Indices] = []
        self._number_of: dict[str, int] = {}
        self._choice_of: dict[str, int] = {}
        for parameter in self.parameters:
            shared = parameter.name.startswith("prep_")
            name = parameter.name if shared else f"{family}:{parameter.name}"
            if parameter.choices:
                self._choice_of[parameter.name] = len(choices)
                choices.append(np.array([column[f"{name}={each}"] for each in parameter.choices]))
            else:
                self._number_of[parameter.name] = len(numbers)
                numbers.append(NumericCoordinate(column[name], parameter))
        self.numbers = tuple(numbers)
        self.choices = tuple(choices)
        self.n_options = tuple(len(columns) for columns in choices)
        default = space.encode([space.default(family)])
        self._default_u = np.full((1, len(numbers)), 0.5)
        self._default_c = np.zeros((1, len(choices)), dtype=np.int64)
        self._default_u, self._default_c = self.disassemble(default)

    @property
    def n_combinations(self) -> int:
        """Number of combinations of choices."""
        return int(np.prod(self.n_options, dtype=np.int64)) if self.n_options else 1

    def combinations(self) -> Indices:
        """Return every combination of choices, shape (n_combinations, n_choices)."""
        if not self.n_options:  # a family of numbers alone has one combination, of no choice
            return np.zeros((1, 0), dtype=np.int64)
        grids = np.indices(self.n_options).reshape(len(self.n_options), -1)
        return np.ascontiguousarray(grids.T)

    def assemble(self, u: Array, c: Indices) -> Array:
        """Return encoded points, shape (m, d); children of choices not taken are inactive."""
        X = np.full((len(u), self._n_coordinates), INACTIVE)
        X[:, : self._n_families] = 0.0
        X[:, self._place] = 1.0
        rows = np.arange(len(u))
        active: dict[str, NDArray[np.bool_]] = {}
        for parameter in self.parameters:  # parents come before children
            alive = self._alive(parameter, c, active)
            if alive is not None:
                active[parameter.name] = alive
            if parameter.choices:
                which = self._choice_of[parameter.name]
                columns = self.choices[which]
                X[:, columns] = 0.0
                X[rows, columns[c[:, which]]] = 1.0
                if alive is not None:
                    X[np.ix_(~alive, columns)] = INACTIVE
            else:
                which = self._number_of[parameter.name]
                place = u[:, which]
                X[:, self.numbers[which].column] = (
                    place if alive is None else np.where(alive, place, INACTIVE)
                )
        return X

    def disassemble(self, X: Array) -> tuple[Array, Indices]:
        """Return the numbers u and choices c of encoded points; defaults where inactive."""
        u = np.repeat(self._default_u, len(X), axis=0)
        c = np.repeat(self._default_c, len(X), axis=0)
        for which, number in enumerate(self.numbers):
            place = X[:, number.column]
            u[:, which] = np.where(place >= 0, place, u[:, which])
        for which, columns in enumerate(self.choices):
            part = X[:, columns]
            c[:, which] = np.where(part.max(axis=1) > 0, part.argmax(axis=1), c[:, which])
        return u, c

    def rounded(self, u: Array) -> Array:
        """Return the valid numbers nearest to ``u``."""
        places = [number.rounded(u[:, which]) for which, number in enumerate(self.numbers)]
        return np.stack(places, axis=1) if places else u.copy()

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Return ``n`` random encoded points, shape (n, d), as `SearchSpace` would draw them."""
        u = self.rounded(rng.random((n, len(self.numbers))))
        c = np.empty((n, len(self.choices)), dtype=np.int64)
        for which, options in enumerate(self.n_options):
            c[:, which] = rng.integers(options, size=n)
        return self.assemble(u, c)

    def around(self, u: Array, c: Indices) -> tuple[Array, Indices]:
        """Return the neighbours of one point, which differ from it in one hyperparameter."""
        near_u, near_c = [], []
        for which, number in enumerate(self.numbers):
            step = number.step()
            for move in (-4 * step, -step, step, 4 * step):
                moved = u.copy()
                moved[which] = min(1.0, max(0.0, u[which] + move))
                near_u.append(moved)
                near_c.append(c)
        for which, options in enumerate(self.n_options):
            for option in range(options):
                if option != c[which]:
                    changed = c.copy()
                    changed[which] = option
                    near_u.append(u)
                    near_c.append(changed)
        if not near_u:
            return u[None, :], c[None, :]
        return self.rounded(np.array(near_u)), np.array(near_c)

    def _alive(
        self, parameter: Parameter, c: Indices, active: dict[str, NDArray[np.bool_]]
    ) -> NDArray[np.bool_] | None:
        """Return a mask of the points where a hyperparameter is active; None for all of them."""
        if parameter.parent is None or parameter.parent not in self._choice_of:
            return None
        parent = next(each for each in self.parameters if each.name == parameter.parent)
        allowed = [place for place, each in enumerate(parent.choices) if each in parameter.when]
        alive = np.isin(c[:, self._choice_of[parent.name]], allowed)
        above = active.get(parent.name)
        return alive if above is None else alive & above
