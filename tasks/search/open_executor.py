"""Send the prepared data to the workers, and open the executor on them."""

from espalier.infra.cluster.training_workers import TrainingWorkers
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.tasks.policies import retried_task
from espalier.tasks.records import PreparedRef, TrainingRun


@retried_task(
    name="workers",
    description="Wait for the workers and give them the prepared data.",
    tags=["espalier", "search"],
)
def open_executor(run: TrainingRun, prepared: PreparedRef, workers: TrainingWorkers) -> Executor:
    """Return the executor that runs trials and refits on the workers."""
    context = prepared.content.context(
        n_threads=workers.n_threads,
        fold_models=run.fold_models,
        memory_limit_mb=workers.memory_limit_mb,
    )
    return workers.open_executor(context, run.store)
