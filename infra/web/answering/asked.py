"""What a request asks for beside the predictions: probabilities, intervals, quantiles, reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from espalier.infra.web.answering.messages import ModelFacts
from espalier.infra.web.answering.refusals import RefusedError, shown
from espalier.pipelines.problem import FORECAST

PROBABILITIES, INTERVAL, QUANTILES, EXPLAIN = "probabilities", "interval", "quantiles", "explain"
OPTIONS = (PROBABILITIES, INTERVAL, QUANTILES, EXPLAIN)
MOST_QUANTILES = 20
MOST_EXPLAINED_ROWS = 20
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the answer is to contain.

    Attributes
    ----------
    probabilities : bool
        Class probabilities; of a classifier they are given unless declined.
    interval : float or None
        Coverage of prediction intervals, in (0, 1).
    quantiles : tuple of float
        Levels in (0, 1).
    explain : bool
        How much each column contributed.
    """

    probabilities: bool = True
    interval: float | None = None
    quantiles: tuple[float, ...] = ()
    explain: bool = False

    def require_of(self, facts: ModelFacts, n_rows: int) -> None:
        """Make sure that a model can answer this of so many rows.

        Raises
        ------
        RefusedError
            It cannot.
        """
        if (self.interval is not None or self.quantiles) and not facts.has_intervals:
            if facts.problem == FORECAST:
                raise RefusedError(
                    "a forecast's answer has the quantiles that it was trained for; leave interval "
                    "and quantiles out"
                )
            kind = "predicts classes" if facts.labels else "has none"
            raise RefusedError(f"intervals and quantiles are for regressions; this model {kind}")
        if self.explain and not facts.can_explain:
            raise RefusedError("this model cannot explain its answers")
        if self.explain and n_rows > MOST_EXPLAINED_ROWS:
            raise RefusedError(
                f"at most {MOST_EXPLAINED_ROWS} rows are explained at a time, not {n_rows:,}"
            )


def read_options(query: Mapping[str, str], body: Mapping[str, Any]) -> Asked:
    """Read the options of a request; the body's count before the address's.

    Parameters
    ----------
    query : mapping of str to str
        Query of the address.
    body : mapping of str to object
        What a JSON body holds beside the rows.

    Raises
    ------
    RefusedError
        An option is unknown, or its value cannot be used; the message names it.
    """
    asked = Asked()
    for given in (query, body):
        unknown = sorted(set(given) - set(OPTIONS))
        if unknown:
            raise RefusedError(f"unknown field {shown(unknown[0])}; there are {', '.join(OPTIONS)}")
        asked = _read(given, asked)
    return asked


def _read(given: Mapping[str, Any], before: Asked) -> Asked:
    """Return what is asked for where ``before`` says what counts unless it is given."""
    interval = given.get(INTERVAL)
    return Asked(
        probabilities=_truth(given.get(PROBABILITIES, before.probabilities), PROBABILITIES),
        interval=before.interval if interval is None else _share(interval, INTERVAL),
        quantiles=_levels(given.get(QUANTILES)) or before.quantiles,
        explain=_truth(given.get(EXPLAIN, before.explain), EXPLAIN),
    )


def _truth(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    found = _WORDS.get(value.strip().lower()) if isinstance(value, str) else None
    if found is None:
        raise RefusedError(f"{name} must be true or false, not {shown(value)}")
    return found


def _share(value: Any, name: str) -> float:
    try:
        number = float("nan" if isinstance(value, bool) else value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not 0.0 < number < 1.0:
        raise RefusedError(f"{name} must be a number between 0 and 1, not {shown(value)}")
    return number


def _levels(value: Any) -> tuple[float, ...]:
    if value is None:
        return ()
    levels = value.split(",") if isinstance(value, str) else value
    if not isinstance(levels, list):
        levels = [levels]
    if len(levels) > MOST_QUANTILES:
        raise RefusedError(f"at most {MOST_QUANTILES} quantiles are given at a time")
    return tuple(_share(each, QUANTILES) for each in levels)
