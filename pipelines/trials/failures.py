"""Count trials without a score by family and status; the error if no trial has a score."""

from collections import Counter
from dataclasses import dataclass

from espalier.pipelines.cell_display import without_cells
from espalier.pipelines.errors import EspalierError
from espalier.pipelines.trials.history import History

REASONS_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Trials of one family that ended in the same way, without a score.

    Attributes
    ----------
    family : str
        The model family.
    status : str
        How the trials ended.
    count : int
        Number of trials.
    reason : str
        Error message of the first of them.
    """

    family: str
    status: str
    count: int
    reason: str


class SearchFailedError(EspalierError, RuntimeError):
    """No trial succeeded, so there is nothing to build a model from.

    Attributes
    ----------
    failures : tuple of Failures
        How the trials ended, counted.
    """

    def __init__(self, message: str, failures: tuple[Failures, ...] = ()) -> None:
        self.failures = failures
        super().__init__(message)

    def __reduce__(self) -> tuple[type, tuple[str, tuple[Failures, ...]]]:
        return type(self), (str(self), self.failures)


def failures_of(history: History) -> tuple[Failures, ...]:
    """Return the failures of trials by family and status, most frequent first."""
    ended = history.failures
    kinds = [(each.trial.configuration.family, str(each.status)) for each in ended]
    reasons = {kind: each.error or "" for kind, each in zip(kinds[::-1], ended[::-1], strict=True)}
    return tuple(
        Failures(family=family, status=status, count=count, reason=reasons[family, status])
        for (family, status), count in Counter(kinds).most_common()
    )


def nothing_succeeded(history: History) -> str:
    """Return one line that explains why no trial succeeded."""
    if not len(history):
        return "the time was up before a trial had ended; give a larger time budget"
    kinds = failures_of(history)
    # The whole of it is in `SearchFailedError.failures`.
    told = [
        f"{each.family}: {without_cells(each.reason) or each.status}"
        for each in kinds[:REASONS_TOLD]
    ]
    more = f" (and {len(kinds) - REASONS_TOLD} more)" if len(kinds) > REASONS_TOLD else ""
    return (
        f"none of {len(history)} trial(s) succeeded: {'; '.join(told)}{more}; "
        "give more time or other families"
    )
