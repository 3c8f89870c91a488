"""One trial on one dataset, with all that is needed to learn from it: figures, no rows."""

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
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.metafeatures.statement import statement_vector
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult

_ERROR_NAME = re.compile(r"[A-Za-z_][\w.]*")
_OWN_FIELDS = ("fingerprint", "name", "target", "metric", "n_rows_whole", "rows_cap", "n_folds",
               "seed")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDataset:
    """A dataset that trials were run on, and how they were scored.

    Attributes
    ----------
    fingerprint : str
        Names the content of the whole table.
    name, target : str
        For people, and to tell two targets of one table apart.
    metric : str
        What the scores are.
    n_rows_whole : int
        Rows of the whole table; the trials saw ``shape.n_rows`` of them.
    shape : DatasetShape
        Of the rows that the trials saw; with it a configuration can be encoded again.
    rows_cap : int
        Most rows that were to be used; the trials saw fewer where the table has fewer.
    n_folds : int
        Fits of a trial.
    seed : int
        Drew rows and folds.
    meta : MetaFeatures
        Of the whole table.
    about : tuple of float
        Vector of the user's words (`statement_vector`); empty where there were none.
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
        """What the dataset is about: the user's words, else its name and target."""
        return self.about or statement_vector(f"{self.name} {self.target}")

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits; scores are comparable where it is the same."""
        shape = self.shape
        parts = [self.fingerprint, self.target, self.metric, str(shape.problem), shape.n_rows,
                 self.n_folds, self.seed]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]

    @property
    def content(self) -> str:
        """Names the table and the target, however rows, folds and metric were chosen."""
        return content_of(self.fingerprint, self.target)

    @property
    def problem(self) -> ProblemKind:
        """What is predicted."""
        return self.shape.problem

    @property
    def scored_by(self) -> Metric:
        """The metric with its direction."""
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
            It did not.
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
        Where it was run.
    result : TrialResult
        What came of it.
    versions : tuple of (package, version)
        What it was run with.
    recorded_at : str
        UTC, as ``2026-11-21T15:30:00Z``.
    """

    dataset: KnownDataset
    result: TrialResult
    versions: tuple[tuple[str, str], ...]
    recorded_at: str

    @property
    def key(self) -> tuple[str, str]:
        """What is recorded once: a configuration on a dataset."""
        return self.dataset.key, self.result.trial.configuration.digest

    @property
    def precedence(self) -> tuple[bool, str, str]:
        """Of two records of one key the one of the larger standing is kept.

        A success before a failure, then the newer; the text decides between equals, so that the
        order of merging never matters.
        """
        text = json.dumps([self.result.to_dict(), self.versions], sort_keys=True)
        return self.result.succeeded, self.recorded_at, text


def content_of(fingerprint: str, target: str) -> str:
    """Return twelve hexadecimal digits that name a table's content and its target."""
    return hashlib.sha256(json.dumps([fingerprint, target]).encode()).hexdigest()[:12]


def record_of(
    dataset: KnownDataset,
    result: TrialResult,
    *,
    versions: Iterable[tuple[str, str]],
    recorded_at: str,
) -> ExperienceRecord:
    """Return the record of a trial.

    Of an error only its type is kept, since its message may quote cells, and who ran the trial is
    nobody's business.
    """
    found = _ERROR_NAME.match(result.error or "")
    kept = replace(result, error=found.group() if found else None, worker="")
    return ExperienceRecord(
        dataset=dataset, result=kept, versions=tuple(versions), recorded_at=recorded_at
    )


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """Records of trials over many datasets, each configuration once a dataset.

    Attributes
    ----------
    records : tuple of ExperienceRecord
        Ordered by dataset key, trial number and configuration, however they came in.
    """

    records: tuple[ExperienceRecord, ...] = ()

    @classmethod
    def of(cls, records: Iterable[ExperienceRecord]) -> "KnowledgeBase":
        """Return the knowledge of these records; of duplicates the best standing is kept."""
        kept: dict[tuple[str, str], ExperienceRecord] = {}
        for record in records:
            known = kept.get(record.key)
            if known is None or record.precedence > known.precedence:
                kept[record.key] = record
        return cls(tuple(sorted(kept.values(), key=_order)))

    def __len__(self) -> int:
        return len(self.records)

    def merge(self, other: "KnowledgeBase") -> "KnowledgeBase":
        """Return what both know; merging is commutative, associative and idempotent."""
        return KnowledgeBase.of([*self.records, *other.records])

    @property
    def by_dataset(self) -> dict[str, tuple[ExperienceRecord, ...]]:
        """Records by dataset key, by trial number."""
        groups: dict[str, list[ExperienceRecord]] = {}
        for record in self.records:
            groups.setdefault(record.dataset.key, []).append(record)
        return {key: tuple(group) for key, group in groups.items()}

    def history(self, dataset: KnownDataset) -> History:
        """Return the trials on a dataset as a search sees them.

        Records of one number (merged from two builds) are numbered on.
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
    """Return the scores of one dataset's records, larger is better, -inf without one, (n,)."""
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
    """Return the quantile in (0, 1) of each gain among them; equal ones share theirs, (n,)."""
    if not len(gains):
        return np.empty(0)
    return np.asarray((rankdata(gains) - 0.5) / len(gains), dtype=np.float64)


def _order(record: ExperienceRecord) -> tuple[str, int, str]:
    return record.dataset.key, record.result.trial.number, record.key[1]
