"""Grid search: a few levels of every hyperparameter, walked through in a scattered order."""

import math

from espalier.pipelines.seeds import generator
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.parameter import Parameter
from espalier.pipelines.trials.configuration import Configuration, Value

_LEVELS = (1 / 6, 1 / 2, 5 / 6)


def grid_points(space: SearchSpace, start: int, n: int, seed: int) -> list[Configuration]:
    """Return points ``start`` to ``start + n - 1`` of the walk through the grids of all families.

    The families take turns. Within one, the walk steps through its grid by a fixed stride that
    shares no factor with the grid's size, so that it meets every point once, far ones first.
    """
    return [_point(space, place, seed) for place in range(start, start + n)]


def _point(space: SearchSpace, place: int, seed: int) -> Configuration:
    family = space.families[place % len(space.families)]
    parameters = space.family_space(family).parameters
    levels = [_levels(each) for each in parameters]
    size = math.prod(len(each) for each in levels)
    rng = generator(seed, "grid", family)
    offset, stride = int(rng.integers(size)), _stride(size, int(rng.integers(size)))
    rest = (offset + stride * (place // len(space.families))) % size
    values: dict[str, Value] = {}
    for parameter, level in zip(parameters, levels, strict=True):
        rest, which = divmod(rest, len(level))
        values[parameter.name] = level[which]
    return space.complete(family, values)


def _levels(parameter: Parameter) -> tuple[Value, ...]:
    if parameter.choices:
        return parameter.choices
    return tuple(dict.fromkeys(parameter.from_unit(level) for level in _LEVELS))


def _stride(size: int, start: int) -> int:
    """Return a step of about the golden section of ``size`` that shares no factor with it."""
    stride = max(1, (round(0.618 * size) + start % 7) % max(size, 1))
    while math.gcd(stride, size) != 1:
        stride += 1
    return stride
