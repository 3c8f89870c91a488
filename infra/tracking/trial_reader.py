"""Read new trials from the experiments of MLflow as experience records.

A nested run has its complete result in one tag, and its parent the dataset, so that a page of
trials costs one call, and each training run one more.
"""

import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.search import all_experiments, find_runs
from espalier.infra.tracking.store import make_client
from espalier.infra.tracking.trial_runs import LONGEST_TAG
from espalier.pipelines.experience.recording.record import ExperienceRecord, KnownDataset, record_of
from espalier.pipelines.trials.trial import TrialResult

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_LOG = logging.getLogger(__name__)

# End times come from the clocks of different machines, and runs become visible a moment later:
# those that ended shortly before the newest known one are read again, which does no harm.
_OVERLAP_MS = 60 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialReading:
    """The trials that were read from MLflow.

    Attributes
    ----------
    records : tuple of ExperienceRecord
        Records of trials with their datasets.
    n_runs : int
        Number of trials that were read.
    n_unreadable : int
        Number of trials with incomplete records: of an older version, or of an interrupted run.
    marks : mapping of str to int
        When the newest trial of each experiment ended, in milliseconds since 1970.
    """

    records: tuple[ExperienceRecord, ...]
    n_runs: int
    n_unreadable: int
    marks: Mapping[str, int]


def dataset_tags(known: KnownDataset, versions: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the tags of a parent run that make its trials usable as experience."""
    text = json.dumps(known.to_dict(), separators=(",", ":"))
    if len(text) > LONGEST_TAG:
        _LOG.warning("the dataset's description is too long for a tag; nothing is learned from it")
        return {}
    return {run_tags.DATASET: text, run_tags.VERSIONS: json.dumps(dict(versions))}


def read_trials(
    settings: Settings, marks: Mapping[str, int], experiments: Sequence[str] = ()
) -> TrialReading:
    """Read the trials that were added to MLflow since ``marks``.

    Parameters
    ----------
    settings : Settings
        Name the store.
    marks : mapping of str to int
        Marks of the last reading; empty to read everything.
    experiments : sequence of str
        Names of the experiments to read; empty for all.

    Raises
    ------
    StoreUnavailableError
        The store does not answer.
    """
    records: list[ExperienceRecord] = []
    n_runs = n_unreadable = 0
    reached = dict(marks)
    parents: dict[str, _Parent | None] = {}
    with store_errors(settings.mlflow_uri):
        client = make_client(settings)
        for experiment_id in _experiments(client, experiments):
            for run in _trial_runs(client, experiment_id, marks.get(experiment_id, 0)):
                if run_tags.VARIANT in run.data.tags:  # its score is not that of its configuration
                    continue
                n_runs += 1
                reached[experiment_id] = max(reached.get(experiment_id, 0), run.info.end_time)
                parent_id = run.data.tags.get(run_tags.PARENT, "")
                if parent_id not in parents:
                    parents[parent_id] = _parent(client, parent_id)
                record = _record(run, parents[parent_id])
                if record is None:
                    n_unreadable += 1
                else:
                    records.append(record)
    return TrialReading(
        records=tuple(records), n_runs=n_runs, n_unreadable=n_unreadable, marks=reached
    )


@dataclass(frozen=True, slots=True)
class _Parent:
    dataset: KnownDataset
    versions: tuple[tuple[str, str], ...]


def _experiments(client: "MlflowClient", names: Sequence[str]) -> Iterator[str]:
    for experiment in all_experiments(client):
        if not names or experiment.name in names:
            yield str(experiment.experiment_id)


def _trial_runs(client: "MlflowClient", experiment_id: str, since: int) -> "Iterator[Run]":
    """Yield the trials of an experiment that ended after ``since``, in order of their end times.

    Runs that are added meanwhile come last, so that no page misses one.
    """
    return find_runs(
        client,
        [experiment_id],
        f"tags.`{run_tags.TRIAL}` LIKE '%' AND attributes.end_time > {max(0, since - _OVERLAP_MS)}",
        order_by=["attributes.end_time ASC"],
    )


def _parent(client: "MlflowClient", run_id: str) -> _Parent | None:
    """Return the dataset description of a parent run; None if it has none."""
    from mlflow.exceptions import MlflowException

    try:
        tags = client.get_run(run_id).data.tags
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        return None
    try:
        return _Parent(
            KnownDataset.from_dict(json.loads(tags[run_tags.DATASET])),
            tuple(json.loads(tags[run_tags.VERSIONS]).items()),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        _LOG.info("nothing can be learned from run %s: %s", run_id, error)
        return None


def _record(run: "Run", parent: _Parent | None) -> ExperienceRecord | None:
    if parent is None:
        return None
    try:
        result = TrialResult.from_dict(json.loads(run.data.tags[run_tags.RESULT]))
    except (KeyError, ValueError, TypeError) as error:
        _LOG.info("trial run %s cannot be read: %s", run.info.run_id, error)
        return None
    ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.info.end_time / 1000))
    return record_of(parent.dataset, result, versions=parent.versions, recorded_at=ended)
