"""Before a differentiable search: supernets propose networks, which are then tried as any others.

A supernet's own word is worth little: with weights that all paths share, the order of networks is
often not that of networks trained alone (K. Yu and others, *Evaluating the search phase of neural
architecture search*, ICLR 2020). So its best three are the first trials, with folds, scores and
limits like all trials, and what comes after them is guided search.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from espalier.pipelines.architectures.onepath.searching import N_PROPOSALS, Found
from espalier.pipelines.data.splitting.folds import Fold
from espalier.pipelines.errors import UserError
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.learners.neural.convnet_family import CONVNET, values_of
from espalier.pipelines.learners.neural.supernet_family import SUPERNET, SupernetSearch
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.strategies.names import DIFFERENTIABLE, no_networks
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration

TIME_SHARE = 0.25
"""Share of the search's time that supernets may take."""
LEAST_SECONDS = 10.0
"""With less time for it than this, a supernet learns nothing."""


@dataclass(frozen=True, slots=True)
class SupernetFindings:
    """What supernets proposed.

    Attributes
    ----------
    proposed : tuple of Configuration
        Networks, the best first; none where there was no time.
    said : str
        What was done, in a line.
    """

    proposed: tuple[Configuration, ...]
    said: str


def refuse_without_networks(strategy: str, learners: Iterable[Learner]) -> None:
    """Refuse a differentiable search where none of the families is a network on pictures.

    Raises
    ------
    UserError
        There is nothing that such a search could search.
    """
    if strategy == DIFFERENTIABLE and all(each.name != CONVNET.name for each in learners):
        raise UserError(no_networks())


def ask_supernets(
    plan: SearchPlan, executor: Executor, folds: Iterable[Fold], deadline: Deadline
) -> SupernetFindings:
    """Train supernets on the first fold's training rows, and return what they propose.

    With a time budget as many are trained at once as there are workers, three at most, and the
    best of each are taken in turn: what a supernet finds depends on its seed. Without one it is
    one supernet, the same at any number of workers.

    Parameters
    ----------
    plan : SearchPlan
        The search.
    executor : Executor
        Fits the supernets; nothing may be pending.
    folds : iterable of Fold
        Folds of the trials; the rows that validate in the first one are never seen.
    deadline : Deadline
        When the search must be over.
    """
    end = deadline.part(TIME_SHARE)
    if end.seconds_left < LEAST_SECONDS:
        return SupernetFindings(
            (),
            f"no supernet was trained: a quarter of the search's time is {end.seconds_left:.0f} s, "
            f"and it takes {LEAST_SECONDS:.0f} s; the search went on as guided",
        )
    rows = next(iter(folds)).train
    default = plan.space.default(CONVNET.name)
    timed = not math.isinf(end.seconds_left)
    n_supernets = min(executor.n_workers, N_PROPOSALS) if timed else 1
    jobs = [
        MemberJob(
            trial_number=number,
            configuration=Configuration.of(SUPERNET.name, dict(default)),
            seed=integer_seed(plan.seed, "supernet", number),
            rows=rows,
        )
        for number in range(n_supernets)
    ]
    fitted = executor.fit_members(jobs, end)
    models = [each.model_ for each in fitted if each is not None]
    found = [each.found_ for each in models if isinstance(each, SupernetSearch)]
    proposed = _in_turn(plan.space, default, found)
    if not proposed:
        return SupernetFindings((), "no supernet was done in time; the search went on as guided")
    epochs = ", ".join(str(each.epochs) for each in found)
    return SupernetFindings(
        proposed, f"{len(found)} supernet(s) of {epochs} epochs proposed {len(proposed)} networks"
    )


def with_proposals(plan: SearchPlan, findings: SupernetFindings) -> SearchPlan:
    """Return the plan with the networks as its first trials."""
    return replace(plan, proposed=findings.proposed)


def _in_turn(
    space: SearchSpace, default: Configuration, found: Sequence[Found]
) -> tuple[Configuration, ...]:
    """Return the best networks of several supernets, one of each after the other."""
    picked: dict[Configuration, None] = {}
    for place in range(N_PROPOSALS):
        for each in found:
            if place < len(each.proposals):
                values = dict(default) | values_of(each.proposals[place].path)
                picked[space.complete(CONVNET.name, values)] = None
    return tuple(picked)[:N_PROPOSALS]
