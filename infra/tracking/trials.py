"""The trials of MLflow's parent runs: each is one nested run, written once."""

from collections.abc import Sequence

from espalier.infra.tracking.experiment import Experiment
from espalier.infra.tracking.nested_runs import complete_trials, remove_twins
from espalier.infra.tracking.trial_runs import LoggedTrial
from espalier.pipelines.errors import StoreUnavailableError
from espalier.pipelines.trials.trial import TrialResult


class TrackedTrials:
    """Which trials MLflow has, and the way to add more.

    Parameters
    ----------
    experiment : Experiment
        Where the runs are.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._logged: dict[str, dict[int, str]] = {}

    def none_of(self, parent_run_id: str) -> None:
        """Take a parent run as new, so that the store need not be asked what it has."""
        self._logged[parent_run_id] = {}

    def log(self, parent_run_id: str, results: Sequence[TrialResult]) -> int:
        """Log trials as nested runs; those that are there already are left alone.

        Returns
        -------
        int
            How many were logged now.

        Raises
        ------
        StoreUnavailableError
            The store does not answer; what was logged so far is there and calling again
            continues.
        """
        there = self._complete(parent_run_id)
        new = [result for result in results if result.trial.number not in there]
        experiment = self._experiment
        try:
            with experiment.store():
                for result in new:
                    there[result.trial.number] = LoggedTrial(result).write(
                        experiment.client,
                        experiment_id=experiment.experiment_id,
                        parent_run_id=parent_run_id,
                    )
        except StoreUnavailableError:
            # What was being written may be there, whole or in part: look before the next time.
            self._forget(parent_run_id)
            raise
        return len(new)

    def settle(self, parent_run_id: str, results: Sequence[TrialResult]) -> None:
        """See to it that MLflow has each of ``results`` once, and the parent run once.

        A server that was killed after it did what it was asked, and before it said so, has been
        asked again by the HTTP client: that leaves twins which nobody here has heard of.

        Raises
        ------
        StoreUnavailableError
            The store does not answer.
        """
        if not self._is_remote:
            self.log(parent_run_id, results)
            return
        experiment = self._experiment
        self._forget(parent_run_id)
        self.log(parent_run_id, results)
        with experiment.store():
            remove_twins(experiment.client, experiment.experiment_id, parent_run_id)

    @property
    def _is_remote(self) -> bool:
        return self._experiment.settings.mlflow_uri.startswith(("http://", "https://"))

    def _complete(self, parent_run_id: str) -> dict[int, str]:
        """Return the run ids of the trials that are logged completely, by trial number.

        A nested run that was cut off half-way is removed, so that it can be logged again.
        """
        known = self._logged.get(parent_run_id)
        if known is None:
            experiment = self._experiment
            with experiment.store():
                known = complete_trials(experiment.client, experiment.experiment_id, parent_run_id)
            self._logged[parent_run_id] = known
        return known

    def _forget(self, parent_run_id: str) -> None:
        """Forget which trials are logged: the store is asked the next time."""
        self._logged.pop(parent_run_id, None)
