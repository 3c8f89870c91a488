"""Durations as people write them."""

import re
from datetime import timedelta

from espalier.pipelines.errors import UserError

_NUMBER = r"\d+(?:\.\d+)?"
_UNITS = ("days", "hours", "minutes", "seconds")
# Largest unit first, each once, and at least one of them.
_DURATION = re.compile(
    "(?!$)" + "".join(rf"(?:(?P<{unit}>{_NUMBER}){unit[0]})?" for unit in _UNITS)
)


def parse_duration(text: str) -> float:
    """Return a duration such as ``90s``, ``10m``, ``1h30m``, ``1.5h`` or ``45`` in seconds.

    Raises
    ------
    UserError
        ``text`` is not a duration, or not a positive one.
    """
    signed = text.strip().lower().replace(" ", "").removeprefix("+")
    plain = signed.removeprefix("-")
    found = _DURATION.fullmatch(f"{plain}s" if re.fullmatch(_NUMBER, plain) else plain)
    try:
        parts = {} if found is None else found.groupdict(default="0")
        seconds = timedelta(**{unit: float(part) for unit, part in parts.items()}).total_seconds()
    except OverflowError:
        found = None
    if found is None:
        raise UserError(f"time budget {text!r} is not a duration; write it like 90s, 10m or 1h30m")
    if signed.startswith("-") or seconds <= 0:
        raise UserError(f"the time budget must be positive, not {text.strip()!r}")
    return seconds
