"""Load frozen dataclasses that were pickled by a version with fewer fields."""

from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any


def set_state_with_defaults(self: Any, state: Sequence[Any]) -> None:
    """Set the state of an unpickled object; fields that the pickle lacks get their defaults.

    Assign it as ``__setstate__`` in the body of a frozen dataclass with slots; otherwise the
    decorator adds its own. Fields that were added later must come last and have a default.

    Raises
    ------
    TypeError
        The pickle has too many fields, or lacks one without a default.
    """
    known = fields(self)
    later = known[len(state) :]
    if len(state) > len(known) or any(each.default is MISSING for each in later):
        raise TypeError(
            f"this {type(self).__name__} was pickled by a version that does not fit: it has "
            f"{len(state)} fields, and {len(known)} are known; open it with the version that "
            "made it"
        )
    for each, value in zip(known, (*state, *(each.default for each in later)), strict=True):
        object.__setattr__(self, each.name, value)
