"""Make the plan of a search, and read the recorded trials that it continues from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from espalier.infra.cluster.training_workers import TrainingWorkers
from espalier.infra.runs.notes import THREADS
from espalier.infra.runs.start_log import fail_deadly
from espalier.infra.runs.takeover import read_takeover, require_same_rows
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.members.cost import FinishCost
from espalier.pipelines.resources.budget import Budget
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.tasks.policies import retried_task
from espalier.tasks.records import PreparedRef, TrainingRun

if TYPE_CHECKING:  # loads scipy.stats
    from espalier.pipelines.experience.advice import Advice

# From the last refit to the registered version: scoring, the registry, and each MiB of the model
# that is handed over, written, read and copied.
FINISH_SECONDS = 2.5
FINISH_SHARE = 0.1
FINISH_SECONDS_A_MB = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSearch:
    """A planned search and the trials it continues from.

    Attributes
    ----------
    plan : SearchPlan
        Settings that stay the same during the search.
    history : History
        The recorded trials, of an interrupted or an extended run.
    extended : frozenset of int
        Numbers of the trials taken over from an extended run.
    warnings : tuple of str
        Messages about trials that are not tried again.
    """

    plan: SearchPlan
    history: History
    extended: frozenset[int]
    warnings: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Messages about the trials that were taken over."""
        n_before, n_more = len(self.extended), len(self.history) - len(self.extended)
        lines = []
        if n_before:
            lines.append(f"{n_before} trials taken over from the run that is extended")
        if n_more > 0:
            lines.append(f"{n_more} trials taken over from a run that did not finish")
        return tuple(lines)


@retried_task(
    name="plan search",
    description="Read the trials on record and plan the search that goes on from them.",
    tags=["espalier", "search"],
)
def open_search(
    run: TrainingRun,
    prepared: PreparedRef,
    workers: TrainingWorkers,
    executor: Executor,
    winners: Sequence[Configuration],
    advice: "Advice | None",
) -> OpenedSearch:
    """Return the plan of the search and the recorded trials.

    Parameters
    ----------
    run : TrainingRun
        The training run.
    prepared : PreparedRef
        The prepared data.
    workers : TrainingWorkers
        The workers, which set threads and memory of a trial.
    executor : Executor
        The executor, which sets the number of trials that run at the same time.
    winners : sequence of Configuration
        Best configurations of earlier trainings; tried first.
    advice : Advice or None
        Advice from experience; its configurations are tried next.

    Raises
    ------
    UserError
        The trials on record were scored on other rows or folds, or no model can be within the
        limits.
    """
    from espalier.pipelines.automl.training import plan_search, refuse_impossible

    if prepared.series is None:
        refuse_impossible(prepared.data, run.settings)
    store = run.store
    require_same_rows(store, prepared.digest)
    store.note(THREADS, workers.n_threads)
    warnings = tuple(
        f"trial {deadly.trial.number} is not tried again: {deadly.error}"
        for deadly in fail_deadly(store)
    )
    taken = read_takeover(store)
    extended = frozenset[int]() if taken is None else frozenset(taken.numbers)
    plan = plan_search(
        prepared.content,
        run.settings,
        n_workers=executor.n_workers,
        memory_limit_mb=workers.memory_limit_mb,
        finish=finish_cost(run.request.budget, prepared.n_holdout),
        winners=winners,
        advice=advice,
        taken_over=extended,
        only_winners=run.request.updates,
    )
    history = History(prepared.content.metric, store.results())
    return OpenedSearch(plan=plan, history=history, extended=extended, warnings=warnings)


def finish_cost(budget: Budget, n_holdout: int) -> FinishCost:
    """Return the estimated cost of everything after the refits of a run."""
    share = float("inf") if budget.seconds is None else FINISH_SHARE * budget.seconds
    return FinishCost(
        fixed=min(FINISH_SECONDS, share), n_rows=n_holdout, seconds_a_mb=FINISH_SECONDS_A_MB
    )
