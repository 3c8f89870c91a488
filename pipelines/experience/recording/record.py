"""Experience records: trials on known datasets, with figures only and no rows of data."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.forecasting.metrics import forecast_metric
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.metafeatures.statement import statement_vector
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult

_ERROR_NAME = re.compile(r"[A-Za-z_][\w.]*")
_OWN_FIELDS = (
    "fingerprint",
    "name",
    "target",
    "metric",
    "n_rows_whole",
    "rows_cap",
    "n_folds",
    "seed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDataset:
    """A dataset that trials were recorded on, and how they were scored.

    Attributes
    ----------
    fingerprint : str
        Digest of the content of the whole table.
    name, target : str
        Names for display; they also distinguish two targets of one table.
    metric : str
        Metric of the scores.
    n_rows_whole : int
        Rows of the whole table; the trials saw ``shape.n_rows`` of them.
    shape : DatasetShape
        Shape of the rows that the trials saw; it is needed to encode configurations.
    rows_cap : int
        Largest number of rows to use; the trials saw fewer if the table has fewer.
    n_folds : int
        Number of folds of a trial.
    seed : int
        Seed of the sample of rows and of the folds.
    meta : MetaFeatures
        Meta-features of the whole table.
    about : tuple of float
        The user's description as a vector (`statement_vector`); empty if there was none.
    """

    fingerprint: str
    name: str
    target: str
    metric: str
    n_rows_whole: int
    shape: DatasetShape
    rows_cap: int
    n_folds: int
    seed: int
    meta: MetaFeatures
    about: tuple[float, ...] = ()

    @property
    def statement(self) -> tuple[float, ...]:
        """Vector of the dataset's subject: of the user's description, else of name and target."""
        return self.about or statement_vector(f"{self.name} {self.target}")

    @property
    def is_of_series(self) -> bool:
        """Whether it is the series of a forecast."""
        return self.meta.is_of_series

    @property
    def key(self) -> str:
        """A hash, twelve hexadecimal digits; scores with the same key are comparable."""
        shape = self.shape
        parts = [
            self.fingerprint,
            self.target,
            self.metric,
            str(shape.problem),
            shape.n_rows,
            self.n_folds,
            self.seed,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]

    @property
    def content(self) -> str:
        """A hash of table and target, independent of the rows, folds and metric chosen."""
        return content_of(self.fingerprint, self.target)

    @property
    def problem(self) -> ProblemKind:
        """The kind of problem."""
        return self.shape.problem

    @property
    def scored_by(self) -> Metric:
        """The metric of the scores, as an object."""
        if self.is_of_series:
            return forecast_metric(self.metric).metric
        return get_metric(self.metric, self.problem, self.shape.n_classes)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary; meta-features have six digits."""
        meta = {name: float(f"{value:.6g}") for name, value in self.meta.to_dict().items()}
        return {
            **{name: getattr(self, name) for name in _OWN_FIELDS},
            "shape": asdict(self.shape),
            "meta": meta,
            "meta_version": self.meta.version,
            "about": [round(each, 4) for each in self.about],
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "KnownDataset":
        """Return the dataset that `to_dict` described.

        Raises
        ------
        KeyError, ValueError, TypeError
            ``record`` does not describe a dataset.
        """
        shape = dict(record["shape"])
        known = cls(
            **{name: record[name] for name in _OWN_FIELDS},
            shape=DatasetShape(**{**shape, "problem": ProblemKind(shape["problem"])}),
            meta=MetaFeatures.from_dict(record["meta"], record["meta_version"]),
            about=tuple(record.get("about", ())),
        )
        _ = known.scored_by  # an own metric is unknown elsewhere
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperienceRecord:
    """A trial on a known dataset.

    Attributes
    ----------
    dataset : KnownDataset
        The dataset that the trial was run on.
    result : TrialResult
        The result of the trial.
    versions : tuple of (package, version)
        Package versions of the run.
    recorded_at : str
        Time of recording, UTC, as ``2026-11-21T15:30:00Z``.
    """

    dataset: KnownDataset
    result: TrialResult
    versions: tuple[tuple[str, str], ...]
    recorded_at: str

    @property
    def key(self) -> tuple[str, str]:
        """The identity of the record: dataset and configuration, of which only one is kept."""
        return self.dataset.key, self.result.trial.configuration.digest

    @property
    def precedence(self) -> tuple[bool, str, str]:
        """Sort key: of two records with the same `key`, the one of larger precedence is kept.

        A success precedes a failure, then the newer record; equals are ordered by their text, so
        that the order of merging does not matter.
        """
        text = json.dumps([self.result.to_dict(), self.versions], sort_keys=True)
        return self.result.succeeded, self.recorded_at, text


def forecast_target(target: str, horizon: int) -> str:
    """Return what a forecast learns, in words: other horizons are other targets of a table."""
    return f"{target}, {horizon} steps"


def content_of(fingerprint: str, target: str) -> str:
    """Return a hash of a table's content and its target, twelve hexadecimal digits."""
    return hashlib.sha256(json.dumps([fingerprint, target]).encode()).hexdigest()[:12]


def record_of(
    dataset: KnownDataset,
    result: TrialResult,
    *,
    versions: Iterable[tuple[str, str]],
    recorded_at: str,
) -> ExperienceRecord:
    """Make the experience record of a trial.

    Of an error only the type is kept, since the message may quote cells; the name of the worker is
    not kept for privacy.
    """
    found = _ERROR_NAME.match(result.error or "")
    kept = replace(result, error=found.group() if found else None, worker="")
    return ExperienceRecord(
        dataset=dataset, result=kept, versions=tuple(versions), recorded_at=recorded_at
    )


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """Records of trials on many datasets, each configuration once per dataset.

    Attributes
    ----------
    records : tuple of ExperienceRecord
        Sorted by dataset key, trial number and configuration.
    """

    records: tuple[ExperienceRecord, ...] = ()

    @classmethod
    def of(cls, records: Iterable[ExperienceRecord]) -> "KnowledgeBase":
        """Return the knowledge base of these records; of duplicates the best one is kept."""
        kept: dict[tuple[str, str], ExperienceRecord] = {}
        for record in records:
            known = kept.get(record.key)
            if known is None or record.precedence > known.precedence:
                kept[record.key] = record
        return cls(tuple(sorted(kept.values(), key=_order)))

    def __len__(self) -> int:
        return len(self.records)

    def merge(self, other: "KnowledgeBase") -> "KnowledgeBase":
        """Return the union of both; merging is commutative, associative and idempotent."""
        return KnowledgeBase.of([*self.records, *other.records])

    def of_kind(self, *, series: bool) -> "KnowledgeBase":
        """Return the records on the series of forecasts, or those on tables."""
        return KnowledgeBase(
            tuple(each for each in self.records if each.dataset.is_of_series is series)
        )

    @property
    def by_dataset(self) -> dict[str, tuple[ExperienceRecord, ...]]:
        """Records by dataset key, each list sorted by trial number."""
        groups: dict[str, list[ExperienceRecord]] = {}
        for record in self.records:
            groups.setdefault(record.dataset.key, []).append(record)
        return {key: tuple(group) for key, group in groups.items()}

    def history(self, dataset: KnownDataset) -> History:
        """Return the trials on a dataset as the history of a search.

        Trials with the same number (merged from two builds) get new numbers.
        """
        found = self.by_dataset.get(dataset.key, ())
        taken: set[int] = set()
        spare = max((each.result.trial.number for each in found), default=-1) + 1
        results = []
        for record in found:
            result = record.result
            if result.trial.number in taken:
                result = replace(result, trial=replace(result.trial, number=spare))
                spare += 1
            taken.add(result.trial.number)
            results.append(result)
        return History(dataset.scored_by, tuple(results))


def raw_gains(records: Iterable[ExperienceRecord]) -> NDArray[np.float64]:
    """Return the gains of one dataset's records, shape (n,); -inf for trials without a score."""
    return np.array(
        [
            each.dataset.scored_by.sign * each.result.score
            if each.result.succeeded and each.result.score is not None
            else -np.inf
            for each in records
        ],
        dtype=np.float64,
    )


def rank_quantiles(gains: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quantile in (0, 1) of each gain among all, shape (n,); ties share theirs."""
    if not len(gains):
        return np.empty(0)
    return np.asarray((rankdata(gains) - 0.5) / len(gains), dtype=np.float64)


def _order(record: ExperienceRecord) -> tuple[str, int, str]:
    return record.dataset.key, record.result.trial.number, record.key[1]
