"""The expectations of a training, checked before it: what Great Expectations says of a table."""

import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass, field

from espalier.flows.studio.tables.reading import SeenTable
from espalier.pipelines.data.expectation import Severity
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.series.rows_to_check import contract_of, rows_to_check

_KEPT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRows:
    """What was expected of a table, and what of it does not hold.

    Attributes
    ----------
    n_expectations : int
        Number of expectations that were checked.
    n_held : int
        How many of them hold.
    findings : tuple of (str, str)
        ``stop`` or ``warning``, and what does not hold.
    is_whole : bool
        Whether all rows of the table were looked at.
    """

    n_expectations: int
    n_held: int
    findings: tuple[tuple[str, str], ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was found of a reading of a table."""

    of: "weakref.ref[SeenTable]"
    checked: CheckedRows


@dataclass(slots=True)
class RowChecker:
    """Checks tables as a training does, one at a time, and keeps the last answers."""

    _kept: "OrderedDict[tuple[object, ...], _Answer]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, seen: SeenTable, request: TrainRequest) -> CheckedRows:
        """Return what the training of a request would expect of a table.

        Raises
        ------
        UserError
            The table cannot be used with these columns at all.
        """
        key = (request.data, request.query, request.target, request.task, *_of_series(request))
        with self._lock:  # it takes seconds: two windows wait for one answer
            kept = self._kept.get(key)
            # The reader keeps what it has read; read anew, the source may hold other rows.
            if kept is None or kept.of() is not seen:
                kept = _Answer(weakref.ref(seen), _checked(seen, request))
                self._kept[key] = kept
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            return kept.checked


def _checked(seen: SeenTable, request: TrainRequest) -> CheckedRows:
    from espalier.infra.validation.expectations import check_expectations

    rows = rows_to_check(request, seen.rows)
    contract = contract_of(request, rows)
    failures = check_expectations(rows, contract).failures
    return CheckedRows(
        n_expectations=len(contract.expectations),
        n_held=len(contract.expectations) - len(failures),
        findings=tuple(
            ("stop" if each.severity is Severity.REFUSE else "warning", each.text)
            for each in failures
        ),
        is_whole=seen.is_whole,
    )


def _of_series(request: TrainRequest) -> tuple[object, ...]:
    columns = (request.time_column, request.series_column, request.known_covariates)
    return (request.horizon, request.freq, *columns)
