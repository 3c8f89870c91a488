"""Read new trials from MLflow into the records of experience in the home folder."""

from collections.abc import Sequence
from dataclasses import dataclass

from espalier.infra.settings import Settings
from espalier.infra.tracking.trial_reader import read_trials
from espalier.tasks.policies import retried_task


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredTrials:
    """Numbers of trials read from MLflow.

    Attributes
    ----------
    n_runs, n_unreadable : int
        Trials logged since the last time, and those of them without enough information.
    n_added : int
        Records added.
    n_own : int
        Records in total.
    is_new : bool
        Whether there are records that no predictor was fitted to yet.
    """

    n_runs: int
    n_unreadable: int
    n_added: int
    n_own: int
    is_new: bool


@retried_task(
    name="gather trials",
    description="Read the trials logged since the last time from MLflow.",
    tags=["espalier", "experience", "tracking"],
)
def gather_trials(settings: Settings, experiments: Sequence[str]) -> GatheredTrials:
    """Add trials logged since the last time to the records; known trials are not added again.

    Raises
    ------
    UserError
        The records cannot be read.
    StoreUnavailableError
        MLflow does not answer.
    """
    from espalier.infra.registry.run_experience import RunExperience

    own = RunExperience(settings)
    before = own.progress
    found = read_trials(settings, before.marks, experiments)
    n_added, records = own.add(found)
    return GatheredTrials(
        n_runs=found.n_runs,
        n_unreadable=found.n_unreadable,
        n_added=n_added,
        n_own=len(records),
        is_new=n_added > 0 or len(records) != before.n_learned,
    )
