"""Choose the members on out-of-fold predictions, refit them, save one model."""

from prefect import task

from infra.run_store import RunStore
from pipelines.budget import Deadline
from pipelines.ensemble.choose import EnsembleChoice
from pipelines.evaluation.evaluate import MemberJob
from pipelines.evaluation.executor import Executor
from pipelines.history import History
from tasks.policies import ALWAYS_RUN, BACKOFF, JITTER, RETRIES, retry_if_it_can_pass
from tasks.records import EnsembleRecord, PreparedRef
from tasks.staging import read_pickle


@task(
    name="ensemble",
    description="Choose an ensemble on out-of-fold predictions and refit its members.",
    tags=["espalier", "ensemble"],
    retries=RETRIES,
    retry_delay_seconds=BACKOFF,
    retry_jitter_factor=JITTER,
    retry_condition_fn=retry_if_it_can_pass,
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def build_ensemble(
    executor: Executor,
    history: History,
    *,
    store: RunStore,
    ref: PreparedRef,
    seed: int,
    deadline: Deadline,
) -> EnsembleRecord:
    """Return the saved ensemble.

    Raises
    ------
    SearchFailedError
        No trial succeeded, or no member could be refitted.
    """
    from pipelines.ensemble.choose import build_ensemble as choose
    from pipelines.ensemble.model import build_model
    from pipelines.ensemble.serving import save_model
    from pipelines.evaluation.metrics import get_metric

    data = read_pickle(ref.path)
    metric = get_metric(ref.metric, ref.problem, ref.n_classes)
    predictions = {each.trial.number: store.predictions(each.trial.number)
                   for each in history.successes}  # fmt: skip
    choice = choose(
        history.ordered, predictions, dataset=data.search, metric=metric, seed=seed,
        deadline=deadline.earlier(0.5 * max(0.0, deadline.seconds_left)),
    )  # fmt: skip
    members = executor.fit_members(_jobs(choice, history), deadline)
    model = build_model(choice, members, data, metric)
    path = ref.path.with_name("model")
    save_model(model, path)
    return EnsembleRecord(
        path=path,
        method=choice.method,
        cv_score=choice.cv_score,
        weights=tuple(choice.weights.items()),
        rivals=tuple((each.name, each.score, each.n_members) for each in choice.rivals),
    )


def _jobs(choice: EnsembleChoice, history: History) -> list[MemberJob]:
    """Return how to fit each member on all search rows.

    Early stopping needs rows of its own; a refit takes the rounds it found instead, a little more
    of them for having more rows.
    """
    results = {each.trial.number: each for each in history.successes}
    jobs = []
    for number, _ in choice.members:
        result = results[number]
        rounds = result.iterations
        jobs.append(
            MemberJob(
                trial_number=number,
                configuration=result.trial.configuration,
                seed=result.trial.seed,
                iterations=max(1, round(sum(rounds) / len(rounds))) if rounds else None,
                rows=None,
            )
        )
    return jobs
