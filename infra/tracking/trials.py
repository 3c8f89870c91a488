"""Log trials as nested runs of MLflow's parent runs, each exactly once."""

from collections.abc import Sequence

from espalier.infra.tracking.experiment import Experiment
from espalier.infra.tracking.nested_runs import complete_trials, remove_twins
from espalier.infra.tracking.trial_runs import LoggedTrial
from espalier.pipelines.errors import StoreUnavailableError
from espalier.pipelines.trials.trial import TrialResult


class TrackedTrials:
    """Logs trials to MLflow, and knows which are logged.

    Parameters
    ----------
    experiment : Experiment
        The experiment of the runs.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._logged: dict[str, dict[int, str]] = {}

    def none_of(self, parent_run_id: str) -> None:
        """Declare that a parent run is new and has no trials, which saves a request."""
        self._logged[parent_run_id] = {}

    def log(self, parent_run_id: str, results: Sequence[TrialResult]) -> int:
        """Log trials as nested runs, except those that are already logged.

        Returns
        -------
        int
            Number of trials logged by this call.

        Raises
        ------
        StoreUnavailableError
            The store does not answer; trials logged so far are not lost, and another call
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
        """Make sure that MLflow has each of ``results`` and the parent run exactly once.

        If a server is killed after it handled a request and before it answered, the HTTP client
        repeats the request, which leaves duplicates that this process does not know of.

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
        """Return the run ids of completely logged trials, by trial number.

        An incomplete nested run is deleted, so that it can be logged again.
        """
        known = self._logged.get(parent_run_id)
        if known is None:
            experiment = self._experiment
            with experiment.store():
                known = complete_trials(experiment.client, experiment.experiment_id, parent_run_id)
            self._logged[parent_run_id] = known
        return known

    def _forget(self, parent_run_id: str) -> None:
        """Forget which trials are logged, so that the store is asked the next time."""
        self._logged.pop(parent_run_id, None)
