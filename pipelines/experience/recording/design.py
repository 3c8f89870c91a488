"""Choose the configurations to record: defaults, starters, then space-filling, then guided.

The space-filling part is a scrambled Sobol sequence (Sobol 1967; Owen 1998) in each family's
hyperparameters, the families taking turns. It is drawn in one space for all tables of a task (that
of a table with every kind of column), then converted to the table's own space. So the same
configurations are tried on every table, and a portfolio can compare them without predictions.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.experience.recording.space_alignment import align_configuration
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.learners.registry import find_learner
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.search.limits.admission import Admission
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY
from espalier.pipelines.seeds import generator, integer_seed
from espalier.pipelines.space.family import FamilySpace
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.parameter import Parameter
from espalier.pipelines.trials.configuration import Configuration, Value
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial

GUIDED_SHARE = 0.3
"""Share of guided configurations: predictions are needed where a search would look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingDesign:
    """How many trials to record on a dataset, and how they are run.

    Attributes
    ----------
    n_configurations : int
        Total number of configurations.
    seconds : float
        Time limit of a trial, all folds together.
    n_folds : int
        Number of folds of a trial.
    seed : int
        Seed of the space-filling sequence and of the guided part.
    families : tuple of str
        Only these are recorded, and only they are counted; empty for all.

    Raises
    ------
    UserError
        A family is unknown.
    """

    n_configurations: int
    seconds: float
    n_folds: int
    seed: int
    families: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.families:
            find_learner(name)

    @property
    def n_filling(self) -> int:
        """Number of default and space-filling configurations."""
        return self.n_configurations - math.floor(GUIDED_SHARE * self.n_configurations)

    def concerns(self, family: str) -> bool:
        """Whether a family is recorded."""
        return not self.families or family in self.families

    def own(self, history: History) -> History:
        """Return the trials of the families that are recorded."""
        mine = (each for each in history.results if self.concerns(each.trial.configuration.family))
        return History(history.metric, tuple(mine))


def next_to_record(
    space: SearchSpace, history: History, design: RecordingDesign, n: int
) -> list[Trial]:
    """Return the next trials to record, ``n`` at most; empty when all are done.

    The result depends only on the trials so far, so that an interrupted build can continue. Where
    only some families are recorded, their trials' numbers follow those of the others.
    """
    learners = [each for each in space.learners if design.concerns(each.name)]
    if not learners:  # none of them can handle the table
        return []
    if len(learners) < len(space.learners):
        space = SearchSpace(learners, space.shape)
    first = _first_number(history, design)
    history = design.own(history)
    n = min(n, design.n_configurations - len(history))
    if n <= 0:
        return []
    admission = Admission.of(space, history, None, design.n_folds)
    plan = filling(space, design)
    open_ = [
        (number, each)
        for number, each in enumerate(plan, first)
        if number not in history.numbers and each not in history.configurations
    ]
    passes = admission.promising([each for _, each in open_])
    left = [pair for pair, ok in zip(open_, passes, strict=True) if ok]
    if left:
        return [
            Trial(
                number=number,
                configuration=each,
                seed=integer_seed(design.seed, "trial", number),
                origin=_origin(each, space),
                seconds_limit=design.seconds,
            )
            for number, each in left[:n]
        ]
    proposed = propose_trials(
        space,
        history,
        n=n,
        seed=design.seed,
        strategy=DEFAULT_STRATEGY,
        seconds_limit=design.seconds,
        expected_seconds_limit=design.seconds,
        n_folds=design.n_folds,
    )
    free = max(first, history.next_number)
    return [replace(each, number=number) for number, each in enumerate(proposed, free)]


def _first_number(history: History, design: RecordingDesign) -> int:
    """Return the smallest number that no trial of another family has, nor any before it."""
    others = (
        each.trial.number
        for each in history.results
        if not design.concerns(each.trial.configuration.family)
    )
    return max(others, default=-1) + 1


def filling(space: SearchSpace, design: RecordingDesign) -> list[Configuration]:
    """Return defaults, starters and space-filling configurations, in order, without duplicates."""
    found = dict.fromkeys(space.default(family) for family in space.families)
    found |= dict.fromkeys(each for family in space.families for each in space.starters(family))
    wanted = max(design.n_filling, len(space.families))
    shape = everything(space.shape.problem, space.shape.n_rows)
    each_family = wanted  # some become duplicates in a smaller space
    sequences = [
        [
            align_configuration(each, space)
            for each in _sequence(learner, shape, each_family, design.seed)
        ]
        for learner in space.learners
    ]
    for turn in range(each_family):
        for sequence in sequences:
            each = sequence[turn]
            if each is not None and len(found) < wanted:
                found[each] = None
    return list(found)


def _origin(each: Configuration, space: SearchSpace) -> str:
    if each == space.default(each.family):
        return "default"
    return "starter" if each in space.starters(each.family) else "sobol"


def everything(problem: ProblemKind, n_rows: int) -> DatasetShape:
    """Return the shape of a table with every column role, missing values and uneven classes."""
    classes = {ProblemKind.BINARY: 2, ProblemKind.MULTICLASS: 5, ProblemKind.REGRESSION: 1}[problem]
    return DatasetShape(
        problem=problem,
        n_rows=n_rows,
        n_columns=24,
        n_categorical=6,
        n_text=2,
        n_datetime=2,
        n_classes=classes,
        smallest_class=max(1, n_rows // 20) if classes > 1 else n_rows,
        has_missing=True,
    )


def _sequence(learner: Learner, shape: DatasetShape, n: int, seed: int) -> list[Configuration]:
    """Return the first ``n`` configurations of a family's space-filling sequence."""
    space = FamilySpace.of(learner, shape)
    parameters = space.parameters
    if not parameters:
        return [space.complete({}, None)] * n
    stream = qmc.Sobol(len(parameters), scramble=True, rng=generator(seed, "sobol", learner.name))
    points = stream.random_base2(math.ceil(math.log2(max(n, 2))))[:n]
    return [space.complete(_values(parameters, point), None) for point in points]


def _values(parameters: tuple[Parameter, ...], point: NDArray[np.float64]) -> dict[str, Value]:
    """Return the hyperparameters at a point of the unit cube, inactive ones included."""
    values: dict[str, Value] = {}
    for parameter, at in zip(parameters, point.tolist(), strict=True):
        if parameter.choices:
            n_choices = len(parameter.choices)
            values[parameter.name] = parameter.choices[min(int(at * n_choices), n_choices - 1)]
        else:
            values[parameter.name] = parameter.from_unit(at)
    return values
