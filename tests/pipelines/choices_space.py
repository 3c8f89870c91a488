"""A space of choices alone, as of network architectures, with a score that anybody can check."""

from itertools import product

import numpy as np
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace

OPTIONS = ("none", "skip", "narrow", "wide")
POSITIONS = tuple(f"edge_{number}" for number in range(5))


def cells(_shape):
    """Return five positions of four operations each."""
    return ConfigurationSpace([Categorical(name, list(OPTIONS)) for name in POSITIONS])


def conditional(_shape):
    """Return a choice whose one option brings another choice, and three more."""
    made = ConfigurationSpace([Categorical(name, list(OPTIONS)) for name in POSITIONS[:3]])
    block = Categorical("block", ["plain", "bottleneck"])
    expansion = Categorical("expansion", ["3", "6"])
    made.add([block, expansion, EqualsCondition(expansion, block, "bottleneck")])
    return made


def choices_space(*makers):
    """Return the space of one family for each of these functions of a shape; default: cells."""
    learners = [
        Learner(
            name=maker.__name__,
            label=maker.__name__,
            problems=frozenset(ProblemKind),
            space=maker,
            build=lambda *_: None,
            expected_seconds=lambda *_: 1.0,
        )
        for maker in makers or (cells,)
    ]
    shape = DatasetShape(problem=ProblemKind.REGRESSION, n_rows=100, n_columns=0)
    return SearchSpace(learners, shape)


def merit(configuration):
    """Return a score of a cell: what each operation brings, and two that go well together.

    The best is wide everywhere but for a skip beside a narrow one, with 5.5.
    """
    worth = {"none": 0.0, "skip": 0.4, "narrow": 0.7, "wide": 1.0}
    values = [str(configuration[name]) for name in POSITIONS]
    together = values[0] == "skip" and values[1] == "narrow"
    return sum(worth[each] for each in values) + (1.4 if together else 0.0)


BEST_MERIT = 0.4 + 0.7 + 3.0 + 1.4


def n_parameters(configurations):
    """Return the cost of cells, known beforehand, shape (n, 1)."""
    size = {"none": 0.0, "skip": 0.1, "narrow": 1.0, "wide": 3.0}
    return np.array(
        [[1.0 + sum(size[str(each[name])] for name in POSITIONS)] for each in configurations]
    )


def every_cell(space):
    """Return all configurations of `cells`."""
    return [
        space.complete("cells", dict(zip(POSITIONS, values, strict=True)))
        for values in product(OPTIONS, repeat=len(POSITIONS))
    ]
