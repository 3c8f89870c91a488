"""The trials of an organisation's own runs: from MLflow into the home folder's records."""

from collections.abc import Sequence
from dataclasses import dataclass

from espalier.infra.settings import Settings
from espalier.tasks.policies import retried_task


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredTrials:
    """What was read.

    Attributes
    ----------
    n_runs, n_unreadable : int
        Trials that MLflow had since the last time, and those that say too little to learn from.
    n_added : int
        Records that are new.
    n_own : int
        Records now.
    is_new : bool
        Whether no predictor has learned from all of them yet.
    """

    n_runs: int
    n_unreadable: int
    n_added: int
    n_own: int
    is_new: bool


@retried_task(
    name="gather trials",
    description="Read from MLflow, page by page, the trials that came since the last time.",
    tags=["espalier", "experience", "tracking"],
)
def gather_trials(settings: Settings, experiments: Sequence[str]) -> GatheredTrials:
    """Add them to the home folder's records; what is there already is not there twice.

    Raises
    ------
    UserError
        The records cannot be read.
    StoreUnavailableError
        MLflow does not answer.
    """
    from espalier.infra.registry.run_experience import RunExperience
    from espalier.infra.tracking.trial_reader import read_trials

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
